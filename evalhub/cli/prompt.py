"""A server's connections that write at once. For `paced` alone.

Twisted puts what is written aside, asks the system to say when the socket has room, writes, and takes the question back. A socket
nearly always has room, and for a thousand open pages the two questions cost as much as the writing.
"""

import socket
from collections.abc import Iterable
from typing import Any

from twisted.internet import tcp

MOST_UNSENT = 128 * 1024
CAN_BE_PROMPT = hasattr(socket, "TCP_NOTSENT_LOWAT")  # not on Windows


class PromptConnection(tcp.Server):
    """What the socket does not take now waits in Twisted's buffer as ever, and so does all that comes after it."""

    def __init__(self, sock: socket.socket, *others: Any) -> None:
        # Otherwise a slow client's socket takes megabytes before it is full, and says that it has room only when a third of them is
        # gone: longer than a client that does read may be waited for.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
        super().__init__(sock, *others)

    def write(self, data: bytes) -> None:
        sent = self._sent_at_once(data)
        if sent < len(data):
            super().write(data[sent:] if sent else data)  # type: ignore[no-untyped-call]

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        self.write(b"".join(iovec))

    def _sent_at_once(self, data: bytes) -> int:
        """How many of these bytes. A lost connection takes none: the event loop finds it lost too, and ends it in its own time."""
        waiting = self.dataBuffer or self._tempDataLen
        leaving = self.disconnecting or self._writeDisconnecting or not self.connected
        if waiting or leaving or not data:
            return 0
        sent = self.writeSomeData(data)
        return sent if isinstance(sent, int) else 0
