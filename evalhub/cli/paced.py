"""The web server: daphne, which by itself keeps in memory all that a client has not read yet, made to wait for the client instead.

Imports Twisted's event loop, so it is imported only where that loop is to be used. WebSockets need no pace: a page that reads nothing
answers no ping either, and is cut within a minute.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from autobahn.websocket.protocol import PreparedMessage
from daphne.server import Server
from twisted.web import http

from evalhub.cli.prompt import CAN_BE_PROMPT, PromptConnection
from evalhub.cli.wire import Factory
from evalhub.unread import CUT

PATIENCE_S = 60.0
SHARED_CHARACTERS = 64 * 1024  # what is longer is the whole of a page, for one that has just been opened

for _status in HTTPStatus:  # Twisted's own list ends before 422 and 429, whose status lines would say "Unknown Status"
    http.RESPONSES.setdefault(_status, _status.phrase.encode())


class Gate:
    """Closed while the buffer of a connection is full. Twisted calls the three methods of a push producer, hence their names."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    async def passed(self, within_s: float) -> bool:
        """Whether it opened in time."""
        if self._open.is_set():
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._open.wait(), within_s)
        return self._open.is_set()

    def pauseProducing(self) -> None:
        self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    def stopProducing(self) -> None:
        """The client has gone: what is sent now is thrown away, and nobody is to wait for that."""
        self._open.set()


class PacedServer(Server):  # type: ignore[misc]
    """For applications the sending of a part of a body takes as long as the client takes to make room for it (64 KiB).

    A client that makes none for PATIENCE_S is cut. One that has nothing to read is not: its silence is ours.
    """

    def listen_success(self, port: Any) -> None:
        port.factory = Factory(self)  # for the connections it will accept
        if CAN_BE_PROMPT:
            port.transport = PromptConnection
        super().listen_success(port)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        kind, more = message["type"], message.get("more_body", False)
        if kind == CUT:
            _cut(protocol)
            return
        if kind == "websocket.send" and _is_shared(message) and protocol.state == protocol.STATE_OPEN:
            # Not `sendPreparedMessage`, whose line for a debug log, coloured whether it is printed or not, costs more than the frame.
            protocol.transport.write(_frame(message["text"]))
            return
        if kind == "http.response.body" and not more and protocol.channel is not None:  # None: the client has gone
            _last_part(protocol)
        await super().handle_reply(protocol, message)
        if kind == "http.response.start" and (b"connection", b"close") in message["headers"] and protocol.channel is not None:
            protocol.channel.persistent = False  # Twisted heeds this header of a request only
        if kind == "http.response.body" and more and protocol.channel is not None:
            await _room(protocol)


def _is_shared(message: Mapping[str, Any]) -> bool:
    """Whether it may be an update, which goes to all the open pages of a run."""
    return 0 < len(message.get("text") or "") <= SHARED_CHARACTERS


@lru_cache(maxsize=8)
def _frame(text: str) -> bytes:
    """The bytes of a message, which are the same for every page: a server's frames are not masked, and ours not compressed."""
    frame: bytes = PreparedMessage(text.encode(), isBinary=False, applyMask=False, doNotCompress=True).payloadHybi
    return frame


async def _room(protocol: Any) -> None:
    """Wait for the client."""
    if not protocol.producer:
        protocol.registerProducer(Gate(), True)
    if not await protocol.producer.passed(PATIENCE_S):
        _cut(protocol)


def _last_part(protocol: Any) -> None:
    """Finished requests must have no producer. Nobody waits for this part any more, so Twisted's own clock has to."""
    if protocol.producer:
        protocol.unregisterProducer()
    protocol.channel.setTimeout(PATIENCE_S)


def _cut(protocol: Any) -> None:
    if protocol.channel is not None:
        protocol.channel.forceAbortClient()
