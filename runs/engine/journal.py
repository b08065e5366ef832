"""The group commit: one writer thread a process owns the connection, coroutines hand it steps and await the commit (decision 7).

Everything that gathers within a few milliseconds becomes one transaction. Every step carries its lease token, so a worker that lost its
lease cannot write (decision 4). Used by the drain and by execute; nothing else writes a running run.
"""

import asyncio
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from runs.engine.lease import Lease, LeaseLost
from runs.engine.outage import Patience, is_outage
from runs.events import log
from runs.models import EvalRun, Message, ModelCall, RunEvent, Verdict
from runs.states import Status

logger = logging.getLogger(__name__)
GATHER_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Step:
    """Rows and columns of one run that become true together."""

    lease: Lease
    columns: dict[str, Any] = field(default_factory=dict)
    messages: Sequence[Message] = ()
    calls: Sequence[ModelCall] = ()
    verdicts: Sequence[Verdict] = ()
    events: Sequence[RunEvent] = ()
    mark: uuid.UUID = field(default_factory=uuid.uuid4)

    def rows(self) -> list[models.Model]:
        return [*self.messages, *self.calls, *self.verdicts, *self.events]


@dataclass(slots=True)
class _Job:
    """Work for the writer thread and the future that waits for it. `step` is None for a plain function."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    step: Step | None = None
    function: Callable[[], Any] | None = None

    def resolve(self, result: Any) -> None:
        self.loop.call_soon_threadsafe(_settle, self.future, result)


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():  # its run was cancelled meanwhile
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


class Journal:
    """Starts its thread on entry and ends it, with all that was handed over, on exit."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="evalhub-journal", daemon=True)

    def __enter__(self) -> "Journal":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._jobs.put(None)
        self._thread.join()

    async def commit(self, step: Step) -> None:
        """Return once the step is in the database. Raises LeaseLost when the run is no longer ours."""
        await self._hand_over(step=step)

    async def call(self, function: Callable[[], Any]) -> Any:
        """Run a function with database access on the writer's connection, outside a step's transaction, and return what it returns."""
        return await self._hand_over(function=function)

    async def _hand_over(self, **work: Any) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put(_Job(loop, future, **work))
        return await future

    def _write(self) -> None:
        try:
            while batch := self._gather():
                # Steps first: a lease that is given back in the same batch must not cost a turn that is already paid for.
                _commit([job for job in batch if job.step is not None], self._patience)
                for job in batch:
                    if job.step is None:
                        job.resolve(_guarded(job.function))
        finally:
            connection.close()

    def _gather(self) -> list[_Job]:
        """Wait for the first job, then take what comes within GATHER_SECONDS. An empty list means the end."""
        first = self._jobs.get()
        if first is None:
            return []
        batch, deadline = [first], time.monotonic() + GATHER_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                job = self._jobs.get(timeout=left)
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)
                break
            batch.append(job)
        return batch


def _guarded(function: Callable[[], Any] | None) -> Any:
    try:
        return function() if function else None
    except Exception as error:
        if is_outage(error):
            connection.close()  # the next one gets a new connection
        return error


def _commit(jobs: list[_Job], patience: Patience) -> None:
    """All jobs in one transaction; when that fails, one by one, so that a bad step fails alone."""
    if not jobs:
        return
    try:
        lost = _written(jobs, patience)
    except Exception as error:
        if is_outage(error):
            logger.exception("The database stayed away; %s steps are not written", len(jobs))
        elif len(jobs) > 1:
            for job in jobs:
                _commit([job], patience)
            return
        else:
            logger.exception("A step of run %s cannot be written", jobs[0].step and jobs[0].step.lease.run_id)
        for job in jobs:
            job.resolve(error)
        return
    for job in jobs:
        job.resolve(LeaseLost() if id(job) in lost else None)


def _written(jobs: list[_Job], patience: Patience) -> set[int]:
    """The transaction, tried again while the database is away. Returns the id()s of the jobs whose lease is lost."""
    tried = False

    def attempt() -> set[int]:
        nonlocal tried
        again, tried = tried, True
        return _transaction(_unwritten(jobs) if again else jobs)

    return patience.insist(attempt)


def _unwritten(jobs: list[_Job]) -> list[_Job]:
    """The jobs to write again. When a connection breaks during COMMIT nobody says whether it happened: the step's mark on the run does.

    A run's row keeps its last mark only, and a group is written as a whole: the mark of any step stands for the run's steps before it.
    """
    runs_of = {job.step.mark: job.step.lease.run_id for job in jobs if job.step}
    done = EvalRun.objects.filter(last_commit__in=list(runs_of)).values_list("last_commit", flat=True)
    written = {runs_of[mark] for mark in done if mark}
    again = [job for job in jobs if job.step and job.step.lease.run_id not in written]
    for job in again:
        for row in job.step.rows() if job.step else ():
            row.pk, row._state.adding = None, True  # the keys of a transaction that was rolled back may be somebody else's by now
    return again


def _transaction(jobs: list[_Job]) -> set[int]:
    """Write every step whose lease still holds. Returns the id()s of the jobs whose lease is lost."""
    with transaction.atomic():
        lost = {id(job) for job in jobs if job.step and not _fence(job.step)}
        steps = [job.step for job in jobs if job.step and id(job) not in lost]
        Message.objects.bulk_create([row for step in steps for row in step.messages])
        ModelCall.objects.bulk_create([row for step in steps for row in step.calls])
        Verdict.objects.bulk_create([row for step in steps for row in step.verdicts])
        events = [row for step in steps for row in step.events]
        RunEvent.objects.bulk_create(events)
        log.announce(sorted({event.run_id for event in events}))
    return lost


def _fence(step: Step) -> bool:
    """Write the run's columns if the token is still ours: the row count says who holds the run."""
    columns = {"updated_at": timezone.now(), "last_commit": step.mark, **step.columns}
    return EvalRun.objects.filter(pk=step.lease.run_id, lease_token=step.lease.token, status=Status.RUNNING).update(**columns) == 1
