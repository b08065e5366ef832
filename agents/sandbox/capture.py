"""The pipes of a program on the event loop. Of what it prints so much is kept, the rest goes to nowhere without passing through Python."""

import asyncio
import os
from typing import IO

CHUNK = 64 * 1024
AWAY = 1 << 20  # bytes that one step drops


class Capture:
    """One pipe of a program. `limit` bytes are kept, after a first line of `heading` bytes; `ended` is done once no writer is left."""

    def __init__(self, pipe: IO[bytes], limit: int, *, heading: int = 0) -> None:
        self._pipe = pipe
        self._limit = limit
        self._heading = heading
        self._kept = bytearray()
        self._loop = asyncio.get_running_loop()
        self._line: asyncio.Future[None] = self._loop.create_future()
        self.truncated = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(pipe.fileno(), False)
        self._loop.add_reader(pipe.fileno(), self._readable)

    async def line(self) -> bytes:
        """The first line, which then counts as not printed; empty when there is none. To be called once, before anything else prints."""
        await asyncio.wait({self._line, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        line, found, rest = self._kept.partition(b"\n")
        if not found:
            return b""
        self._kept, self._heading = rest, 0
        return bytes(line)

    def text(self) -> str:
        """What was kept. NUL is shown as a broken character: no database takes it in a text."""
        return self._kept.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")

    def close(self) -> None:
        """Stop reading. May be called twice."""
        if not self._pipe.closed:
            self._loop.remove_reader(self._pipe.fileno())
            self._pipe.close()
        if not self.ended.done():
            self.ended.set_result(None)

    def _readable(self) -> None:
        room = self._heading + self._limit - len(self._kept)
        try:
            count = self._keep(min(room, CHUNK)) if room > 0 else self._drop()
        except BlockingIOError:
            return
        if not count:
            self.close()

    def _keep(self, most: int) -> int:
        chunk = os.read(self._pipe.fileno(), most)
        self._kept += chunk
        if b"\n" in chunk and not self._line.done():
            self._line.set_result(None)
        return len(chunk)

    def _drop(self) -> int:
        count = _away(self._pipe.fileno())
        self.truncated = self.truncated or count > 0
        return count


def _away(descriptor: int) -> int:
    """Bytes taken from the pipe. Linux moves whole pages to /dev/null; elsewhere they are read."""
    if not hasattr(os, "splice"):
        return len(os.read(descriptor, CHUNK))
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        return os.splice(descriptor, nowhere, AWAY)
    finally:
        os.close(nowhere)


class Feed:
    """The standard input of a program, written as fast as it reads and closed at its end."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._loop = asyncio.get_running_loop()
        self._left = memoryview(b"")
        os.set_blocking(pipe.fileno(), False)

    def give(self, data: bytes) -> None:
        """To be called once."""
        self._left = memoryview(data)
        self._loop.add_writer(self._pipe.fileno(), self._writable)

    def close(self) -> None:
        """What is not read yet never will be. May be called twice."""
        if not self._pipe.closed:
            self._loop.remove_writer(self._pipe.fileno())
            self._pipe.close()

    def _writable(self) -> None:
        try:
            self._left = self._left[os.write(self._pipe.fileno(), self._left[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:  # the program closed it
            self._left = memoryview(b"")
        if not self._left:
            self.close()
