"""The web server: daphne, which by itself keeps in memory all that a client has not read yet, made to wait for the client instead.

Imports Twisted's event loop, so it is imported only where that loop is to be used. WebSockets need no pace: a page that reads nothing
answers no ping either, and is cut within a minute.
"""

import asyncio
from typing import Any

from daphne.server import Server


class Gate:
    """Closed while the buffer of a connection is full. Twisted calls the three methods of a push producer, hence their names."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()

    def pauseProducing(self) -> None:
        self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    def stopProducing(self) -> None:
        """The client has gone: what is sent now is thrown away, and nobody is to wait for that."""
        self._open.set()


class PacedServer(Server):  # type: ignore[misc]
    """For applications the sending of a part of a body takes as long as the client takes to make room for it (64 KiB)."""

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        paced = message["type"] == "http.response.body" and protocol.channel is not None  # None: the client has gone
        if paced and not message.get("more_body") and protocol.producer:
            protocol.unregisterProducer()  # finished requests must have none
        await super().handle_reply(protocol, message)
        if paced and message.get("more_body") and protocol.channel is not None:
            if not protocol.producer:
                protocol.registerProducer(Gate(), True)
            await protocol.producer.passed()
