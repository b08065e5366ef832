"""What becomes of an open stream or page when its reader may not read any more."""

import asyncio
import uuid
from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.models import ApiKey, Membership, Role
from evalhub.accounts.selectors import Right, rights_held
from runs.live import tail as tails
from runs.live.consumers import NOT_YOURS, RunConsumer
from runs.models import EvalRun
from tests import factories
from tests.runs.live.streams import Opened, key_make, path_of, write_turns
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tails, "CHECK_SECONDS", 0.1)


def revoked() -> None:
    ApiKey.objects.get(name="test").revoke()


def without_the_scope() -> None:
    ApiKey.objects.filter(name="test").update(scopes=["run"])


def deleted() -> None:
    ApiKey.objects.filter(name="test").delete()


@pytest.mark.parametrize("lost", [revoked, without_the_scope, deleted])
async def test_a_stream_ends_without_done_when_its_key_may_not_read_any_more(lost: Callable[[], None]) -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await (await Opened(path_of(run), key).begin()).until_open()
    await sync_to_async(lost)()
    await asyncio.wait_for(stream.rest(), 5)
    assert "[DONE]" not in stream.text


async def test_a_stream_of_a_key_that_may_go_on_goes_on() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await (await Opened(path_of(run), key).begin()).until_open()
    await asyncio.sleep(0.5)
    await sync_to_async(write_turns)(run, 2)
    assert (await stream.until(1)).seqs == [0, 1]
    await stream.leave()


def reader_of(run: EvalRun) -> User:
    return factories.user(project=run.project, role=Role.VIEWER)


def removed(user: User) -> None:
    Membership.objects.filter(user=user).delete()


def deactivated(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("lost", [removed, deactivated])
async def test_a_page_is_closed_when_its_reader_may_not_see_the_run_any_more(lost: Callable[[User], None]) -> None:
    run = await sync_to_async(run_make)()
    user = await sync_to_async(reader_of)(run)
    socket = WebsocketCommunicator(RunConsumer.as_asgi(), f"/ws/runs/{run.id}/")
    socket.scope |= {"user": user, "session": {}, "url_route": {"kwargs": {"run_id": run.id}}}
    await socket.connect()
    assert (await socket.receive_output(5))["type"] == "websocket.send"
    await sync_to_async(lost)(user)
    assert await socket.receive_output(5) == {"type": "websocket.close", "code": NOT_YOURS}
    await socket.wait()


def test_any_number_of_rights_is_two_queries() -> None:
    projects = [factories.project() for _ in range(2)]
    keys = [f"key:{ApiKey.objects.create(project=project, key_hash=uuid.uuid4().hex, scopes=['read']).pk}" for project in projects]
    people = [f"user:{factories.user(project=project, role=Role.VIEWER).pk}" for project in projects]
    held = {Right(one, project.pk, "read") for some in (keys, people) for one, project in zip(some, projects, strict=True)}
    others = {Right(keys[0], projects[1].pk, "read"), Right(keys[0], projects[0].pk, "write"), Right(people[0], projects[0].pk, "write")}
    with CaptureQueriesContext(connection) as queries:
        assert rights_held(held | others) == held
    assert len(queries) == 2
