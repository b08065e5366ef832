"""Answers that are made before their clients read them."""

import asyncio
from typing import Any

import pytest

from evalhub.places import Application, Receive, Scope, Send, bounded
from evalhub.unread import CUT, handed_out

SCOPE: Scope = {"type": "http"}
PARTS = 4


async def receive() -> dict[str, Any]:
    return {}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Four parts of ten bytes."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(PARTS):
        await send({"type": "http.response.body", "body": b"x" * 10, "more_body": number < PARTS - 1})


class Client:
    """Takes what it gets, the body only once `reads` is set, or when the server cuts it, as ours does."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = asyncio.Event()
        self.got: list[str] = []
        if reads:
            self.reads.set()

    async def send(self, message: Any) -> None:
        if message["type"] == CUT:
            self.reads.set()
        elif message["type"] == "http.response.body":
            await self.reads.wait()
        self.got.append(message["type"])

    def asks(self, application: Application) -> asyncio.Task[None]:
        return asyncio.ensure_future(application(SCOPE, receive, self.send))  # type: ignore[arg-type]


async def test_a_client_that_reads_slowly_keeps_neither_the_application_nor_anybody_waiting() -> None:
    ended: list[bool] = []

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)
        ended.append(True)

    within = handed_out(bounded(noted, 1))
    slow, quick = Client(reads=False), Client()
    reading = slow.asks(within)
    await asyncio.wait_for(quick.asks(within), 1)
    assert ended == [True, True]
    assert not reading.done()
    slow.reads.set()
    await reading
    assert slow.got == quick.got == ["http.response.start", *["http.response.body"] * PARTS]


async def test_when_too_much_is_unread_the_answer_that_has_not_moved_for_longest_is_cut() -> None:
    within = handed_out(application, most_bytes=100)
    clients = [Client(reads=False) for _ in range(3)]
    reading = []
    for client in clients:
        reading.append(client.asks(within))
        await asyncio.sleep(0.01)
    await asyncio.wait_for(reading[0], 1)
    assert [CUT in client.got for client in clients] == [True, False, False]
    assert clients[0].got.count("http.response.body") == 1  # the part that waited; the rest was thrown away
    for client in clients:
        client.reads.set()
    await asyncio.gather(*reading)
    assert [client.got.count("http.response.body") for client in clients] == [1, PARTS, PARTS]


async def test_what_was_read_counts_no_longer() -> None:
    within = handed_out(application, most_bytes=50)
    for _ in range(5):
        client = Client()
        await client.asks(within)
        assert CUT not in client.got


async def test_an_answer_that_is_larger_than_the_bound_is_still_given() -> None:
    client = Client()
    await client.asks(handed_out(application, most_bytes=10))
    assert client.got.count("http.response.body") == PARTS


async def test_an_application_that_breaks_has_sent_nothing() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("broken")

    client = Client()
    with pytest.raises(RuntimeError):
        await client.asks(handed_out(broken))
    assert client.got == []
