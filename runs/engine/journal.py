"""The group commit: one writer thread a process owns the connection, coroutines hand it steps and await the commit (decision 7).

Everything that gathers within a few milliseconds becomes one transaction. Every step carries its lease token, so a worker that lost its
lease cannot write (decision 4). Used by the drain and by execute; nothing else writes a running run.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection, transaction

from runs.engine import writes
from runs.engine.lease import LeaseLost
from runs.engine.outage import Patience, is_outage, let_go
from runs.engine.steps import Step

logger = logging.getLogger(__name__)
GATHER_SECONDS = 0.02
Question = Callable[[Sequence[Any]], Mapping[Any, Any]]  # keys to answers
MOST_JOBS = 500  # in one transaction; what comes meanwhile is the next one's


@dataclass(slots=True)
class _Job:
    """Work for the writer thread and the future that waits for it: a step, a function, or a key to ask a function about."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    step: Step | None = None
    function: Callable[[], Any] | None = None
    question: tuple[Question, Any] | None = None

    @property
    def run_id(self) -> uuid.UUID:
        return self.step.lease.run_id if self.step else uuid.UUID(int=0)


Outcome = tuple[_Job, Any]


def _resolve(outcomes: Sequence[Outcome]) -> None:
    """Tell those who wait, all of a loop in one call: waking a loop costs as much as it does to write a row."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for job, result in outcomes:
        by_loop.setdefault(job.loop, []).append((job, result))
    for loop, settled in by_loop.items():
        loop.call_soon_threadsafe(_settle, settled)


def _settle(outcomes: Sequence[Outcome]) -> None:
    for job, result in outcomes:
        if job.future.done():  # its run was cancelled meanwhile
            continue
        if isinstance(result, BaseException):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)


class Journal:
    """Starts its thread on entry and ends it, with all that was handed over, on exit."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gathered = 0.0  # the thread's processor time when it last began with a group
        self._thread = threading.Thread(target=self._write, name="evalhub-journal", daemon=True)

    def __enter__(self) -> "Journal":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.put(None)
        self._thread.join()

    async def commit(self, step: Step) -> None:
        """Return once the step is in the database. Raises LeaseLost when the run is no longer ours."""
        await self.hand_over(step)

    def hand_over(self, step: Step) -> asyncio.Future[None]:
        """Put the step in line and return what `commit` waits for. What is in line is written, whether or not anybody waits."""
        return self._in_line(step=step)

    async def call(self, function: Callable[[], Any]) -> Any:
        """Run a function with database access on the writer's connection, outside a step's transaction, and return what it returns."""
        return await self._hand_over(function=function)

    async def ask(self, function: Question, key: Any) -> Any:
        """What the function says about the key; it is called once for all who ask now. An exception that it says is raised."""
        return await self._hand_over(question=(function, key))

    async def _hand_over(self, **work: Any) -> Any:
        return await self._in_line(**work)

    def _in_line(self, **work: Any) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put(_Job(loop, future, **work))
        return future

    def _write(self) -> None:
        try:
            while batch := self._gather():
                # Steps first: a lease that is given back in the same batch must not cost a turn that is already paid for.
                for steps in _rounds([job for job in batch if job.step is not None]):
                    _resolve(_committed(steps, self._patience))
                for job in batch:
                    if job.function:
                        _resolve([(job, _guarded(job.function))])
                _resolve(_answered([job for job in batch if job.question]))
        finally:
            connection.close()

    def _gather(self) -> list[_Job]:
        """Wait for the first job, then take what has come a moment later. An empty list means the end."""
        batch = [self._jobs.get()]
        if batch[0] is None:
            return []
        # One sleep, not a wait for each job: every time it woke up, this thread would take the interpreter from the loop.
        # It lasts as long as the last group took of the processor: a few steps wait for little, many are written together.
        time.sleep(min(GATHER_SECONDS, time.thread_time() - self._gathered))
        self._gathered = time.thread_time()
        with contextlib.suppress(queue.Empty):
            while len(batch) < MOST_JOBS and batch[-1] is not None:
                batch.append(self._jobs.get_nowait())
        if batch[-1] is None:
            self._jobs.put(None)
        return [job for job in batch if job is not None]


def _rounds(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    """The jobs in order, cut so that no run is in one transaction twice: then a run's mark says whether its step is written."""
    group: dict[uuid.UUID, _Job] = {}
    for job in jobs:
        if job.run_id in group:
            yield list(group.values())
            group = {}
        group[job.run_id] = job
    if group:
        yield list(group.values())


def _answered(jobs: Sequence[_Job]) -> list[Outcome]:
    """What came of the questions: each function is called once, with the keys of all who ask it."""
    asked: dict[Question, list[tuple[_Job, Any]]] = {}
    for job in jobs:
        if job.question:
            asked.setdefault(job.question[0], []).append((job, job.question[1]))
    outcomes: list[Outcome] = []
    for function, askers in asked.items():
        said = _guarded(partial(function, [key for _, key in askers]))
        outcomes += [(job, said if isinstance(said, Exception) else said[key]) for job, key in askers]
    return outcomes


def _guarded(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception as error:
        if is_outage(error):
            let_go()
        return error


def _committed(jobs: Sequence[_Job], patience: Patience) -> list[Outcome]:
    """What came of each: all in one transaction; when that fails, one by one, so that a bad step fails alone."""
    try:
        lost = _written([job.step for job in jobs if job.step], patience)
    except Exception as error:
        if is_outage(error):
            logger.exception("The database stayed away; %s steps are not written", len(jobs))
        elif len(jobs) > 1:
            return [outcome for job in jobs for outcome in _committed([job], patience)]
        else:
            logger.exception("A step of run %s cannot be written", jobs[0].run_id)
        return [(job, error) for job in jobs]
    return [(job, LeaseLost() if job.step and job.step.mark in lost else None) for job in jobs]


def _written(steps: Sequence[Step], patience: Patience) -> set[uuid.UUID]:
    """The transaction, tried again while the database is away. Returns the marks of the steps whose lease is lost."""
    tried = False

    def attempt() -> set[uuid.UUID]:
        nonlocal tried
        left = steps
        if tried:
            # When a connection breaks during COMMIT nobody says whether it happened: the step's mark on the run does.
            done = writes.landed(steps)
            left = [step for step in steps if step.mark not in done]
        tried = True
        with transaction.atomic():
            return writes.write(left)

    return patience.insist(attempt)
