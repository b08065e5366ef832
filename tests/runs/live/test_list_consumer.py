"""The WebSocket of a list of runs: which rows and news it tells, to whom, and how it ends."""

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import Membership, Project, Role
from evalhub.accounts.selectors import Right
from runs.engine.drain import run_drain
from runs.finding import Wanted
from runs.live import lists
from runs.live.consumers import BROKEN, NOT_YOURS
from runs.live.list_consumer import ListConsumer
from runs.models import EvalRun
from runs.states import Status
from tests import factories
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "LOOK_SECONDS", 0.02)


def project_and_reader() -> tuple[Project, User]:
    project = factories.project()
    return project, factories.user(project=project, role=Role.VIEWER)


async def opened(project: Project, user: Any, query: bytes = b"") -> WebsocketCommunicator:
    socket = WebsocketCommunicator(ListConsumer.as_asgi(), f"/ws/projects/{project.id}/runs/")
    socket.scope |= {"user": user, "session": {}, "query_string": query, "url_route": {"kwargs": {"project_id": project.id}}}
    connected, _ = await socket.connect()
    assert connected
    return socket


async def says(socket: WebsocketCommunicator, *runs: EvalRun) -> None:
    since = (timezone.now() - timedelta(seconds=1 if not runs else 0)).isoformat()
    await socket.send_to(text_data=json.dumps({"runs": [str(run.id) for run in runs], "since": since}))


async def told(socket: WebsocketCommunicator) -> dict[str, Any]:
    return json.loads((await socket.receive_output(30))["text"])  # type: ignore[no-any-return]


async def registered() -> None:
    """Once the process knows of the list: the socket is accepted before."""
    for _ in range(500):
        if lists.lists._looks:
            return
        await asyncio.sleep(0.02)


async def left(socket: WebsocketCommunicator) -> None:
    await socket.disconnect()


async def test_a_list_that_opens_gets_the_rows_that_it_shows_as_they_are_now() -> None:
    project, reader = await sync_to_async(project_and_reader)()
    run = await sync_to_async(factories.run)(project=project, status=Status.RUNNING)
    socket = await opened(project, reader)
    await says(socket, run)
    news = await told(socket)
    assert f'<tr id="run-{run.id}"' in news["rows"]
    assert (news["gone"], news["fresh"]) == ([], 0)
    assert await socket.receive_nothing(0.2)
    await left(socket)


async def test_a_row_comes_again_when_its_run_changes_and_not_before() -> None:
    run = await sync_to_async(run_make)()
    reader = await sync_to_async(factories.user)(project=run.project, role=Role.VIEWER)
    socket = await opened(run.project, reader)
    await says(socket, run)
    assert "pill-pending" in (await told(socket))["rows"]
    await asyncio.to_thread(run_drain, 0)
    while "pill-completed" not in (await told(socket))["rows"]:
        pass
    await left(socket)


async def test_a_run_that_is_deleted_leaves_the_list() -> None:
    project, reader = await sync_to_async(project_and_reader)()
    run = await sync_to_async(factories.run)(project=project)
    socket = await opened(project, reader)
    await says(socket, run)
    await told(socket)
    gone = str(run.id)
    await sync_to_async(run.delete)()
    assert (await told(socket))["gone"] == [gone]
    await left(socket)


async def test_it_counts_the_new_runs_that_the_filters_leave() -> None:
    project, reader = await sync_to_async(project_and_reader)()
    socket = await opened(project, reader, b"status=failed")
    await says(socket)
    await sync_to_async(factories.run)(project=project, status=Status.PENDING)
    assert await socket.receive_nothing(0.2)
    await sync_to_async(factories.run)(project=project, status=Status.FAILED)
    assert (await told(socket))["fresh"] == 1
    await left(socket)


async def test_another_projects_runs_are_nobodys_rows_here() -> None:
    project, reader = await sync_to_async(project_and_reader)()
    other = await sync_to_async(factories.run)(project=await sync_to_async(factories.project)())
    socket = await opened(project, reader)
    await says(socket, other)
    news = await told(socket)
    assert (news["rows"], news["gone"]) == ("", [str(other.id)])
    await left(socket)


@pytest.mark.parametrize("who", ["stranger", "nobody"])
async def test_who_is_not_in_the_project_gets_nothing(who: str) -> None:
    project, _ = await sync_to_async(project_and_reader)()
    user = AnonymousUser() if who == "nobody" else await sync_to_async(factories.stranger)()
    socket = await opened(project, user)
    assert await socket.receive_output(30) == {"type": "websocket.close", "code": NOT_YOURS}
    await socket.wait()


def removed(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def deactivated(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("lost", [removed, deactivated])
async def test_it_is_closed_when_its_reader_may_not_see_the_project_any_more(
    lost: Callable[[User], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "CHECK_SECONDS", 0.05)
    project, reader = await sync_to_async(project_and_reader)()
    socket = await opened(project, reader)
    await registered()
    await sync_to_async(lost)(reader)
    assert await socket.receive_output(30) == {"type": "websocket.close", "code": NOT_YOURS}
    await socket.wait()


@pytest.mark.parametrize(
    "text", ["null", "[]", "{}", '{"runs": [7], "since": "2026-01-01T00:00:00Z"}', '{"runs": [], "since": "2026-01-01"}', "x" * 30_000]
)
async def test_a_page_that_says_nonsense_is_cut(text: str) -> None:
    project, reader = await sync_to_async(project_and_reader)()
    socket = await opened(project, reader)
    await socket.send_to(text_data=text)
    assert await socket.receive_output(30) == {"type": "websocket.close", "code": BROKEN}
    await socket.wait()


async def test_a_page_that_is_closed_is_looked_after_no_more() -> None:
    project, reader = await sync_to_async(project_and_reader)()
    socket = await opened(project, reader)
    await registered()
    await left(socket)
    assert not lists.lists._looks


async def test_a_look_at_any_number_of_lists_of_a_project_is_two_queries() -> None:
    project, _ = await sync_to_async(project_and_reader)()
    runs = [await sync_to_async(factories.run)(project=project) for _ in range(5)]
    right, loop = Right("user:1", project.id, "read"), asyncio.get_running_loop()
    looks = [lists.Look(right, project, Wanted(), loop) for _ in range(4)]
    for look in looks:
        look.shows([run.id for run in runs] + [uuid.uuid4()], timezone.now())
        look.seen_newest = runs[-1].id

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            lists._tell(project, looks)
        return len(captured)

    assert await sync_to_async(queries)() == 2
