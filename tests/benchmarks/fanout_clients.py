"""Many who watch one run, in one process and as cheap as can be: bytes in, the numbers of events and their moments out.

Reads what to open from standing input as JSON, prints "open" once every one has had its first bytes, and at the end who got what and when,
and the CPU that the getting took.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

from evalhub.common.descriptors import descriptors_raise

# The number of an event: in a frame of the stream, and of its line in the log of a page.
NUMBERS = {"sse": re.compile(rb"^id: (\d+)\n", re.MULTILINE), "ws": re.compile(rb'<li id="e-(\d+)"')}
KEPT = 32  # bytes that may be the beginning of a number whose rest comes with the next ones
OPENING_AT_ONCE = 50
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to watch, with what, and for how long at most."""

    url: str
    run: str
    key: str
    session: str
    sse: int
    ws: int
    seconds: float

    def request(self, protocol: str) -> bytes:
        host = urlsplit(self.url).netloc
        if protocol == "sse":
            return f"GET /api/v1/eval-runs/{self.run}/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.key}\r\n\r\n".encode()
        asked = {"Host": host, "Origin": self.url, "Cookie": f"sessionid={self.session}", "Upgrade": "websocket", "Connection": "Upgrade"}
        keys = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**asked, **keys}.items())
        return f"GET /ws/runs/{self.run}/ HTTP/1.1\r\n{lines}\r\n".encode()


@dataclass(eq=False, slots=True)
class Watcher(asyncio.Protocol):
    """One connection. `came` are (number, moment) in the order in which they came, `size` the bytes that came once it was open."""

    protocol: str
    request: bytes
    opened: asyncio.Future[None]
    ended: asyncio.Future[None]
    came: list[tuple[int, float]] = field(default_factory=list)
    rest: bytes = b""
    size: int = 0

    def connection_made(self, transport: Any) -> None:
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.size += len(data) if self.opened.done() else 0
        data, end = self.rest + data, 0
        for found in NUMBERS[self.protocol].finditer(data):
            self.came.append((int(found[1]), now))
            end = found.end()
        self.rest = data[max(end, len(data) - KEPT) :]
        self._note(data)

    def _note(self, data: bytes) -> None:
        if not self.opened.done() and (b"still here" in data or b"live-state" in data):
            self.opened.set_result(None)
        if b"[DONE]" in data and not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, _: Exception | None) -> None:
        for future in (self.opened, self.ended):
            if not future.done():
                future.set_result(None)


async def watch(wanted: Wanted) -> dict[str, Any]:
    """All of them, until the run has ended for each."""
    loop, address, places = asyncio.get_running_loop(), urlsplit(wanted.url), asyncio.Semaphore(OPENING_AT_ONCE)

    async def opened(protocol: str) -> Watcher:
        watcher = Watcher(protocol, wanted.request(protocol), loop.create_future(), loop.create_future())
        async with places:
            await loop.create_connection(lambda: watcher, address.hostname, address.port)
            await asyncio.wait_for(watcher.opened, PATIENCE_S)
        return watcher

    watchers = await asyncio.gather(*(opened(protocol) for protocol in ["sse"] * wanted.sse + ["ws"] * wanted.ws))
    print("open", flush=True)
    cpu = time.process_time()
    await asyncio.wait([watcher.ended for watcher in watchers], timeout=wanted.seconds)
    came = [{"protocol": watcher.protocol, "came": watcher.came, "size": watcher.size} for watcher in watchers]
    return {"watchers": came, "cpu_s": time.process_time() - cpu}


if __name__ == "__main__":
    descriptors_raise()
    json.dump(uvloop.run(watch(Wanted(**json.loads(sys.stdin.readline())))), sys.stdout)
