"""The bound on requests that Django works on at once."""

import asyncio
import threading
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async

from evalhub.places import Receive, Scope, Send, bounded

SCOPE: Scope = {"type": "http"}


async def receive() -> dict[str, Any]:
    return {}


async def ignore(message: Any) -> None:
    """A client that reads at once."""


async def test_no_more_than_the_places_are_worked_on_at_once() -> None:
    working = most = 0

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0.001)
        working -= 1
        await send({"type": "http.response.start"})

    within = bounded(application, 3)
    await asyncio.gather(*(within(SCOPE, receive, ignore) for _ in range(20)))
    assert most == 3


async def test_a_request_that_breaks_gives_its_place_back() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("broken")

    within = bounded(application, 1)
    for _ in range(3):
        ended = await asyncio.gather(asyncio.wait_for(within(SCOPE, receive, ignore), 1), return_exceptions=True)
        assert isinstance(ended[0], RuntimeError)


async def test_a_place_keeps_its_thread_and_two_at_once_have_two() -> None:
    threads: list[int] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        async with ThreadSensitiveContext():  # as Django's handler does
            threads.append(await sync_to_async(threading.get_ident)())
            await asyncio.sleep(0.01)

    within = bounded(application, 2)
    for _ in range(3):
        await within(SCOPE, receive, ignore)
    assert len(set(threads)) == 1
    await asyncio.gather(*(within(SCOPE, receive, ignore) for _ in range(6)))
    assert len(set(threads)) == 2
