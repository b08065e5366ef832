"""The WebSocket of a run page: who gets what, and how it ends."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User

from runs.engine.drain import run_drain
from runs.events import types
from runs.live.consumers import FINISHED, NOT_YOURS, RunConsumer
from runs.live.tail import tail
from runs.models import EvalRun
from tests import factories
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


async def opened(run: EvalRun, user: Any, query: str = "") -> WebsocketCommunicator:
    socket = WebsocketCommunicator(RunConsumer.as_asgi(), f"/ws/runs/{run.id}/{query}")
    socket.scope |= {"user": user, "session": {}, "url_route": {"kwargs": {"run_id": run.id}}}
    connected, _ = await socket.connect()
    assert connected
    return socket


async def received(socket: WebsocketCommunicator) -> tuple[list[str], int]:
    """Everything it sends, and the code it closes with."""
    texts = []
    while (message := await socket.receive_output(10))["type"] == "websocket.send":
        texts.append(message["text"])
    await socket.wait()
    return texts, message["code"]


def owner_of(run: EvalRun) -> User:
    return factories.owner(project=run.project)


async def test_a_page_gets_a_snapshot_then_what_happens_and_is_told_when_it_is_over() -> None:
    run = await sync_to_async(run_make)()
    socket = await opened(run, await sync_to_async(owner_of)(run))
    first = (await socket.receive_output(5))["text"]
    assert "hx-swap-oob" in first
    await asyncio.to_thread(run_drain, 0)
    texts, code = await received(socket)
    assert code == FINISHED
    assert "I have two dogs" in "".join(texts)


async def test_a_finished_run_is_shown_once_and_closed() -> None:
    run = await sync_to_async(run_make)()
    await asyncio.to_thread(run_drain, 0)
    texts, code = await received(await opened(run, await sync_to_async(owner_of)(run)))
    assert (len(texts), code) == (1, FINISHED)


@pytest.mark.parametrize("who", ["stranger", "nobody"])
async def test_who_is_not_in_the_project_gets_nothing(who: str) -> None:
    run = await sync_to_async(run_make)()
    user = AnonymousUser() if who == "nobody" else await sync_to_async(factories.stranger)()
    assert await received(await opened(run, user)) == ([], NOT_YOURS)


async def test_a_run_of_the_persons_second_project_is_theirs_too() -> None:
    run = await sync_to_async(run_make)()
    user = await sync_to_async(owner_of)(run)
    second = await sync_to_async(factories.project)()
    other = await sync_to_async(factories.run)(project=second, status="completed")
    assert (await received(await opened(other, user)))[1] == NOT_YOURS
    await sync_to_async(user.memberships.create)(project=second)
    assert (await received(await opened(other, user)))[1] == FINISHED


async def test_a_page_that_is_closed_ends_its_socket() -> None:
    run = await sync_to_async(run_make)()
    socket = await opened(run, await sync_to_async(owner_of)(run))
    await socket.receive_output(5)
    assert [watch.run_id for watch in tail._watches] == [run.id]
    await socket.disconnect()
    assert not tail._watches


def with_log(run: EvalRun) -> EvalRun:
    """Taken by a worker, with one message said."""
    said = factories.message(run=run, role="user", content="I have two dogs.")
    for event in (types.RunStarted(), factories.turn_event(said), types.TurnStarted()):
        factories.event(run=run, event=event)
    return run


async def test_a_page_that_comes_back_is_told_what_it_missed_and_nothing_else() -> None:
    run = await sync_to_async(with_log)(await sync_to_async(run_make)())
    socket = await opened(run, await sync_to_async(owner_of)(run), "?after=0")
    missed = (await socket.receive_output(5))["text"]
    assert [f'id="e-{number}"' in missed for number in range(3)] == [False, True, True]
    assert "I have two dogs." in missed
    assert 'id="earlier"' not in missed
    await socket.disconnect()


async def test_a_page_that_missed_nothing_is_sent_nothing_until_something_happens() -> None:
    run = await sync_to_async(with_log)(await sync_to_async(run_make)())
    socket = await opened(run, await sync_to_async(owner_of)(run), "?after=2")
    assert await socket.receive_nothing(0.3)
    await sync_to_async(factories.event)(run=run, event=types.TurnStarted(turn_index=1))
    assert 'id="e-3"' in (await socket.receive_output(5))["text"]
    await socket.disconnect()


@pytest.mark.parametrize("query", ["", "?after=-1", "?after=x", "?after=", "?after=" + "9" * 400])
async def test_a_page_that_does_not_say_what_it_knows_gets_a_snapshot(query: str) -> None:
    run = await sync_to_async(with_log)(await sync_to_async(run_make)())
    socket = await opened(run, await sync_to_async(owner_of)(run), query)
    assert 'id="earlier"' in (await socket.receive_output(5))["text"]
    await socket.disconnect()
