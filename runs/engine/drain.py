"""One worker process at work: claims runs, drives up to `concurrency` of them on one loop, leaves when nothing is left or its time is up.

Bounded (decision 2): after DRAIN_SECONDS it leaves as soon as it drives nothing, and the task that called it rings for a successor. Called
by runs.tasks only.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from agents.limits.keeper import Gates
from agents.llm import prices
from agents.llm.http import open_session
from evalhub.common.outbound_policy import outbound_policy
from runs.engine import lease, load, loop, presence, stop
from runs.engine.ahead import Ahead
from runs.engine.execute import Execution
from runs.engine.journal import Journal
from runs.engine.keeper import Keeper
from runs.engine.lease import Lease, LeaseLost
from runs.engine.money import REFRESH_SECONDS, Budgets
from runs.engine.pace import Pace
from runs.engine.proof import Proof
from runs.engine.sweep import run_sweep
from runs.engine.workers import BEAT_SECONDS, WorkerRow
from runs.models import Worker

logger = logging.getLogger(__name__)
DRAIN_SECONDS = 300.0
CLAIM_SECONDS = 0.2
# Hundreds that begin at once go on in step: the processor rests while they all wait for answers, and then they all wait for it.
CLAIM_AT_MOST = 50
RAMP_SECONDS = 0.02
WATCH_SECONDS = 0.5
UNUSED_SECONDS = 1.0  # that a run waits for a place before it goes back
SWEEP_SECONDS = 60.0
ABORT_SECONDS = 2.0
LINGER_SECONDS = 1.0


@dataclass(slots=True)
class Driven:
    """A run in work: its lease, its execution and the task that drives it."""

    execution: Execution
    task: asyncio.Task[None]


@dataclass(slots=True)
class Drain:
    """The loop of one worker process. `driven` holds what is in work, by run, `ahead` what is claimed and waits for a place; `stopped` what
    was left at the end of a turn.
    """

    journal: Journal
    models_http: aiohttp.ClientSession
    endpoints_http: aiohttp.ClientSession
    gates: Gates
    row: WorkerRow
    concurrency: int
    linger: float = LINGER_SECONDS
    budgets: Budgets = field(init=False)
    driven: dict[uuid.UUID, Driven] = field(default_factory=dict)
    ahead: Ahead = field(default_factory=Ahead)
    stopped: list[Lease] = field(default_factory=list)
    finished: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)  # since this was cleared something became free that nobody waited for
    pace: Pace = field(default_factory=Pace)
    keeper: Keeper = field(default_factory=Keeper)
    proof: Proof = field(default_factory=Proof)
    idle_since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.budgets = Budgets(self.journal)

    async def work(self) -> None:
        """Claim and drive until there is nothing to do, the time is up, or a stop is asked for."""
        await self._speak()
        watcher = asyncio.create_task(self._watch())
        async with self.keeper:
            keeping = asyncio.create_task(self.keeper.keep(self._busy))
            try:
                await self._claim_and_wait()
            finally:
                keeping.cancel()
                await self._leave()
                watcher.cancel()

    async def _batches_need_it(self) -> bool:
        """Whether anything was done for a batch just now: the last child may have ended since the keeper looked."""
        before = self.idle_since
        if await self.keeper.step():
            self._busy()
        return self.idle_since != before  # the keeper may have been faster

    def _busy(self) -> None:
        """Something was done, so there may be more: children to claim, an end to write."""
        self.idle_since = time.monotonic()
        self.ended.set()

    async def _claim_and_wait(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while not stop.requested():
            # While a long run is still driven its process can take nothing from the queue, so it goes on claiming.
            may_claim = bool(self.driven) or time.monotonic() < deadline
            claimed = await self._claim() if may_claim else 0
            if self.driven or claimed:
                self.idle_since = time.monotonic()
            elif not may_claim or (time.monotonic() - self.idle_since > self.linger and not await self._batches_need_it()):
                return
            if claimed < CLAIM_AT_MOST:
                await self._wait()
            else:
                await asyncio.sleep(RAMP_SECONDS)

    async def _claim(self) -> int:
        if self._room() <= 0:
            return 0
        try:
            # Counted when the journal gets there: runs that end meanwhile are written before, and their places are taken with the others.
            claimed = await self.journal.call(lambda: load.claim(self._room(), self.row.id, {held.run_id for held in self._leases()}))
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database did not answer a claim (%s); what is driven goes on", error)
            return 0
        shared = (self.journal, self.models_http, self.endpoints_http, self.gates, self.budgets, self.proof)
        for won, loaded in claimed:
            self.ahead.add(Execution(won, *shared, self._freed, loaded))
        self._fill()
        return len(claimed)

    def _room(self) -> int:
        """How many runs may be claimed: none while more than half of what is wanted ahead is left once all places are taken."""
        spare, wanted = len(self.ahead.waiting) - self._free(), self.ahead.wanted()
        return 0 if spare * 2 > wanted else min(wanted - spare, CLAIM_AT_MOST)

    def _free(self) -> int:
        """Places for which a run may be claimed. What only waits for its last commit asks nobody any more."""
        return self.concurrency - sum(not driven.execution.ending for driven in list(self.driven.values()))

    def _fill(self) -> None:
        """Begin with what waits for a place, in the places of runs whose last commit is written: what a crash can lose of what was paid for
        is never more than there are places. Not once a stop is asked for: what was not begun goes back as it was.
        """
        if stop.requested():
            return
        for _ in range(min(self.concurrency - len(self.driven), len(self.ahead.waiting))):
            self._start(self.ahead.next())

    def _start(self, execution: Execution) -> None:
        task = asyncio.create_task(self._drive(execution))
        task.add_done_callback(partial(self._over, execution.lease.run_id))
        self.driven[execution.lease.run_id] = Driven(execution, task)

    def _freed(self) -> None:
        """A place will be free at once."""
        self.ahead.freed()
        if self._room() > 0:
            self.ended.set()

    def _over(self, run_id: uuid.UUID, _: object) -> None:
        execution = self.driven.pop(run_id).execution
        self.pace.ended += execution.calls
        self._fill()
        if not execution.ending:  # else it has said so already
            self._freed()
        elif not self.driven:
            self.ended.set()

    async def _drive(self, execution: Execution) -> None:
        try:
            await execution.drive()
            self.finished += 1
        except stop.Stopping:
            self.stopped.append(execution.lease)
        except LeaseLost:
            logger.warning("Run %s is no longer ours; nothing more is written to it", execution.lease.run_id)
        except asyncio.CancelledError:
            raise
        except Exception:
            # Not even its end could be written: the lease goes silent and another worker tries again.
            logger.exception("Run %s could not be ended", execution.lease.run_id)
            if stop.requested():
                self.stopped.append(execution.lease)

    async def _wait(self) -> None:
        """A moment, or until a place is free."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), CLAIM_SECONDS)
        self.ended.clear()

    async def _watch(self) -> None:
        """Heartbeats well within the lease, a look for cancelled runs in between, and the sweep that a busy process cannot be given."""
        beat_every = min(settings.ENV.lease_seconds / 3, BEAT_SECONDS)
        last_beat = last_sweep = last_refresh = time.monotonic()
        while True:
            await asyncio.sleep(min(WATCH_SECONDS, beat_every))
            if time.monotonic() - last_beat >= beat_every:
                last_beat = time.monotonic()
                await self._speak()
            await self._safely(self._cancel_asked)
            await self._safely(self._return_unused)
            if time.monotonic() - last_refresh >= REFRESH_SECONDS:
                last_refresh = time.monotonic()
                await self._safely(self.budgets.refresh)
            if time.monotonic() - last_sweep >= SWEEP_SECONDS:
                last_sweep = time.monotonic()
                await self._safely(lambda: self.journal.call(run_sweep))

    async def _speak(self) -> None:
        """The heartbeat: the leases, and the row of this process."""
        leases, driving = self._leases(), len(self.driven)
        rate = self.pace.rate(driven.execution.calls for driven in self.driven.values())

        def write() -> None:
            lease.beat(leases)
            self.row.beat(driving=driving, calls_per_second=rate)

        await self._safely(lambda: self.journal.call(write))

    async def _safely(self, act: Callable[[], Awaitable[Any]]) -> None:
        """What fails here is done again soon: it must not end the watch."""
        try:
            await act()
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database did not take a heartbeat (%s); the next one follows", str(error).strip())
        except Exception:
            logger.exception("A heartbeat failed; the next one follows")

    def _leases(self) -> list[Lease]:
        return [driven.execution.lease for driven in list(self.driven.values())] + self.ahead.leases()

    async def _cancel_asked(self) -> None:
        looked = time.monotonic()
        gone = await self.journal.call(lambda: lease.cancelled(self._leases())) if self.driven else ()
        for run_id in gone:
            driven = self.driven.get(run_id)
            if waiting := self.ahead.taken(run_id):
                waiting.cancelled = True
                self._start(waiting)  # to its end: it needs no place
            elif driven and not driven.execution.cancelled:
                driven.execution.cancelled = True
                driven.task.cancel()
        self.proof.given(looked)

    async def _return_unused(self) -> None:
        self.stopped += self.ahead.unused(UNUSED_SECONDS)
        await self._give_back()

    async def _leave(self) -> None:
        """Turns in work have a while to be committed when a stop was asked for; what is left is aborted. Every lease goes back at once."""
        self.stopped += self.ahead.unused(0)
        until = time.monotonic() + (settings.ENV.stop_seconds if stop.requested() else 0)
        while self.driven and time.monotonic() < until:
            await self._wait()
            await self._safely(self._give_back)
        until = time.monotonic() + ABORT_SECONDS
        left = list(self.driven.values())
        for driven in left:
            driven.task.cancel()
        if left:
            await asyncio.wait([driven.task for driven in left], timeout=ABORT_SECONDS)
        self.stopped += [driven.execution.lease for driven in left]
        await self._safely(self._give_back)
        while self.stopped and time.monotonic() < until:
            await asyncio.sleep(CLAIM_SECONDS)
            await self._safely(self._give_back)
        if not self.stopped:  # else the row stays: by it a supervisor frees what could not be given back
            await self._safely(lambda: self.journal.call(self.row.leave))

    async def _give_back(self) -> None:
        """Another worker continues at the next turn. Of a run that ended meanwhile, or that is not ours any more, nothing is changed."""
        leases = list(self.stopped)
        if leases:
            await self.journal.call(lambda: lease.give_back(leases))
            # Not before: what the database did not take is given back again.
            self.stopped = [left for left in self.stopped if left not in leases]


async def drain(concurrency: int, linger: float) -> int:
    """Work until there is none. Returns how many runs were brought to an end."""
    row = WorkerRow(Worker.Kind.DRAIN, supervisor=presence.supervisor(), concurrency=concurrency)
    listed = asyncio.create_task(asyncio.to_thread(prices.prepare))  # while the first calls are on their way
    with Journal() as journal:
        async with Gates(journal.call, row.id) as gates, open_session() as models_http, open_session(outbound_policy()) as endpoints_http:
            work = Drain(journal, models_http, endpoints_http, gates, row, concurrency, linger)
            await work.work()
    await listed
    return work.finished


def run_drain(linger: float = LINGER_SECONDS) -> int:
    """The drain of a worker process, as its task calls it. It stays `linger` seconds without work before it leaves."""
    # The worker's own connection would stay open, unused, for as long as the drain lasts.
    with contextlib.suppress(Exception):
        connection.close()
    with presence.at_work():
        return loop.run(drain(settings.ENV.concurrency, linger))
