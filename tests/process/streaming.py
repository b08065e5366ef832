"""Open event streams of a server process, many at once, and what they cost it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from evalhub.cli.sse import EventReader

TICKS = os.sysconf("SC_CLK_TCK")
# A run of three sessions, so that it is long enough to be watched while it happens.
SESSIONS = [{"name": f"Day {day}", "turns": [{"user_message": f"Question {turn}?"} for turn in range(2)]} for day in range(3)]


@dataclass(eq=False, slots=True)
class Stream:
    """One GET of an event stream: `events` and the moment each `came`, while they come."""

    url: str
    key: str
    status: int = 0
    text: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    came: list[float] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, session: aiohttp.ClientSession) -> None:
        """Until the server ends it."""
        reader = EventReader()
        async with session.get(self.url, headers={"Authorization": f"Bearer {self.key}"}) as response:
            self.status = response.status
            async for received in response.content.iter_any():
                self.open.set()
                self.text += received.decode()
                found = reader.feed(received)
                self.events += found
                self.came += [time.time()] * len(found)

    @property
    def seqs(self) -> list[int]:
        return [event["seq"] for event in self.events]

    @property
    def ended_well(self) -> bool:
        """[DONE] came once, and as the last thing."""
        return self.text.endswith("data: [DONE]\n\n") and self.text.count("[DONE]") == 1


@contextlib.asynccontextmanager
async def following(streams: Sequence[Stream]) -> AsyncIterator[asyncio.Future[list[None]]]:
    """All of them open, each on its own connection; the future is done when all have ended. What still runs at the end is cut."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as session:
        all_of_them = asyncio.gather(*(stream.follow(session) for stream in streams))
        try:
            yield all_of_them
        finally:
            all_of_them.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await all_of_them


async def all_open(streams: Iterable[Stream], seconds: float = 30) -> None:
    """Wait until each has its first bytes."""
    await asyncio.wait_for(asyncio.gather(*(stream.open.wait() for stream in streams)), seconds)


def cpu_seconds(pid: int) -> float:
    """What the process has used so far, in user and kernel mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status_number(pid: int, name: str) -> int:
    """A line of /proc/PID/status: Threads, or VmRSS in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
