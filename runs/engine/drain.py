"""One worker process at work: claims runs, drives up to `concurrency` of them on one loop, leaves when nothing is left or its time is up.

Bounded (decision 2): after DRAIN_SECONDS it claims no more, and the task that called it rings for a successor. Called by runs.tasks only.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from dataclasses import dataclass, field

import aiohttp
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from agents.clients import outbound_policy
from agents.llm.http import open_session
from runs.engine import lease, stop
from runs.engine.execute import Execution
from runs.engine.journal import Journal
from runs.engine.lease import Lease, LeaseLost
from runs.engine.sweep import run_sweep

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 300.0
CLAIM_SECONDS = 0.2
WATCH_SECONDS = 0.5
SWEEP_SECONDS = 60.0
LINGER_SECONDS = 1.0


@dataclass(slots=True)
class Driven:
    """A run in work: its lease, its execution and the task that drives it."""

    execution: Execution
    task: asyncio.Task[None]


@dataclass(slots=True)
class Drain:
    """The loop of one worker process. `driven` holds what is in work, by run."""

    journal: Journal
    models_http: aiohttp.ClientSession
    endpoints_http: aiohttp.ClientSession
    concurrency: int
    linger: float = LINGER_SECONDS
    driven: dict[uuid.UUID, Driven] = field(default_factory=dict)
    finished: int = 0

    async def work(self) -> None:
        """Claim and drive until there is nothing to do, the time is up, or a stop is asked for."""
        deadline = time.monotonic() + DRAIN_SECONDS
        idle_since = time.monotonic()
        watcher = asyncio.create_task(self._watch())
        try:
            while not stop.requested():
                # While a long run is still driven its process can take nothing from the queue, so it goes on claiming.
                may_claim = bool(self.driven) or time.monotonic() < deadline
                claimed = await self._claim() if may_claim else 0
                if self.driven or claimed:
                    idle_since = time.monotonic()
                elif not may_claim or time.monotonic() - idle_since > self.linger:
                    break
                await self._wait()
        finally:
            watcher.cancel()
            await self._give_back()

    async def _claim(self) -> int:
        free = self.concurrency - len(self.driven)
        if free <= 0:
            return 0
        try:
            leases: list[Lease] = await self.journal.call(lambda: lease.claim(free))
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database did not answer a claim (%s); what is driven goes on", error)
            return 0
        for won in leases:
            execution = Execution(won, self.journal, self.models_http, self.endpoints_http)
            self.driven[won.run_id] = Driven(execution, asyncio.create_task(self._drive(execution)))
        return len(leases)

    async def _drive(self, execution: Execution) -> None:
        try:
            await execution.drive()
            self.finished += 1
        except LeaseLost:
            logger.warning("Run %s is no longer ours; nothing more is written to it", execution.lease.run_id)
        except asyncio.CancelledError:
            raise
        except Exception:
            # Not even its end could be written: the lease goes silent and another worker tries again.
            logger.exception("Run %s could not be ended", execution.lease.run_id)

    async def _wait(self) -> None:
        """A moment, or until a run ends and its place is free."""
        tasks = [driven.task for driven in self.driven.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=CLAIM_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(CLAIM_SECONDS)
        self.driven = {run_id: driven for run_id, driven in self.driven.items() if not driven.task.done()}

    async def _watch(self) -> None:
        """Heartbeats at a third of the lease, a look for cancelled runs in between, and the sweep that a busy process cannot be given."""
        beat_every = settings.ENV.lease_seconds / 3
        last_beat = last_sweep = time.monotonic()
        while True:
            await asyncio.sleep(min(WATCH_SECONDS, beat_every))
            try:
                if time.monotonic() - last_beat >= beat_every:
                    last_beat = time.monotonic()
                    await self.journal.call(lambda: lease.beat(self._leases()))
                await self._cancel_asked()
                if time.monotonic() - last_sweep >= SWEEP_SECONDS:
                    last_sweep = time.monotonic()
                    await self.journal.call(run_sweep)
            except Exception:
                logger.exception("A heartbeat failed; the next one follows")

    def _leases(self) -> list[Lease]:
        return [driven.execution.lease for driven in self.driven.values()]

    async def _cancel_asked(self) -> None:
        if not self.driven:
            return
        for run_id in await self.journal.call(lambda: lease.cancelled(self._leases())):
            driven = self.driven.get(run_id)
            if driven and not driven.execution.cancelled:
                driven.execution.cancelled = True
                driven.task.cancel()

    async def _give_back(self) -> None:
        """Stop what still runs and return its leases: another worker continues at the next turn."""
        left = [driven for driven in self.driven.values() if not driven.task.done()]
        for driven in left:
            driven.task.cancel()
        if left:
            await asyncio.wait([driven.task for driven in left], timeout=2)
            leases = [driven.execution.lease for driven in left]
            await self.journal.call(lambda: lease.give_back(leases))


async def drain(concurrency: int, linger: float) -> int:
    """Work until there is none. Returns how many runs were brought to an end."""
    with Journal() as journal:
        async with open_session() as models_http, open_session(outbound_policy()) as endpoints_http:
            loop = Drain(journal, models_http, endpoints_http, concurrency, linger)
            await loop.work()
            return loop.finished


def run_drain(linger: float = LINGER_SECONDS) -> int:
    """The drain of a worker process, as its task calls it. It stays `linger` seconds without work before it leaves."""
    # The worker's own connection would stay open, unused, for as long as the drain lasts.
    with contextlib.suppress(Exception):
        connection.close()
    return asyncio.run(drain(settings.ENV.concurrency, linger))
