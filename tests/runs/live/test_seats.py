"""How many streams and sockets may be open at once."""

import asyncio
import json
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User

from evalhub.common.problems import Problem
from runs.live.consumers import FULL, RunConsumer
from runs.live.seats import Seats, seats
from runs.models import EvalRun
from tests import factories
from tests.runs.live.streams import Opened, get, key_make, path_of
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_key_may_not_have_more_streams_open_than_the_setting_says(settings: Any) -> None:
    settings.API_OPEN_STREAMS = 2
    key, other, run = await sync_to_async(key_make)(), await sync_to_async(key_make)(), await sync_to_async(run_make)()
    both = [await Opened(path_of(run), key).begin() for _ in range(2)]
    refused = await get(path_of(run), key)
    assert (refused.status, json.loads(refused.text)["code"]) == (429, "rate_limited")
    assert "may have 2 live connections open" in json.loads(refused.text)["detail"]
    assert {"retry-after", "x-ratelimit-remaining"} <= set(refused.headers)
    assert refused.headers["connection"] == "close"
    await both[0].leave()
    again = [await Opened(path_of(run), each).begin() for each in (key, other)]
    assert [stream.status for stream in again] == [200, 200]
    for stream in (both[1], *again):
        await stream.leave()
    assert not seats._taken_by


async def test_a_refused_stream_gives_its_seat_back() -> None:
    for _ in range(3):
        assert (await get(f"/api/v1/eval-runs/{uuid.uuid4()}/events", "sk_wrong")).status == 401
    assert seats._taken == 0


def owner_of(run: EvalRun) -> User:
    return factories.owner(project=run.project)


async def test_a_page_takes_a_seat_too(settings: Any) -> None:
    settings.API_OPEN_STREAMS = 1
    run = await sync_to_async(run_make)()
    user = await sync_to_async(owner_of)(run)
    sockets = []
    for _ in range(2):
        socket = WebsocketCommunicator(RunConsumer.as_asgi(), f"/ws/runs/{run.id}/")
        socket.scope |= {"user": user, "session": {}, "url_route": {"kwargs": {"run_id": run.id}}}
        await socket.connect()
        sockets.append((socket, await socket.receive_output(5)))
    (first, shown), (_, closed) = sockets
    assert (shown["type"], closed) == ("websocket.send", {"type": "websocket.close", "code": FULL})
    await first.disconnect()
    await asyncio.sleep(0)
    assert not seats._taken_by


def test_a_process_has_fewer_seats_than_it_may_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (258, 258))
    room = Seats()
    with room.one(), room.one(), pytest.raises(Problem) as refused, room.one():
        pass
    assert (refused.value.status, refused.value.body()["code"]) == (503, "unavailable")
    with room.one():
        assert room._taken == 1
