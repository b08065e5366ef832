"""The recorder of a run whose samples commit at once: in order, in line before anybody waits, and without gaps."""

import asyncio
import threading
from collections.abc import Sequence
from decimal import Decimal

import pytest
from django.db import DataError

from agents.llm.types import CallRecord, Usage
from runs.engine import lease
from runs.engine.journal import Journal
from runs.engine.record import RunRecorder
from runs.engine.transcript import Entry, Purpose
from runs.events.types import Retrying
from runs.models import EvalRun
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


def paid(*, error: str = "") -> Entry:
    call = CallRecord("m", 1, 5, Usage(10, 5), Decimal("0.001"), error=error)
    return Entry(purpose=Purpose.JUDGE, calls=[call], events=[Retrying(message="again", model="m", attempt=1)])


async def written(run: EvalRun, entries: Sequence[Entry], *, cancelled: bool = False) -> list[object]:
    """All handed over while the writer is busy with something else."""
    busy, free = threading.Event(), threading.Event()

    def something_else() -> None:
        busy.set()
        free.wait()

    with Journal() as journal:
        recorder = RunRecorder(run, lease.Lease(run.id, run.lease_token), journal)  # type: ignore[arg-type]
        other = asyncio.create_task(journal.call(something_else))
        await asyncio.to_thread(busy.wait)
        tasks = [asyncio.create_task(recorder.commit(entry)) for entry in entries]
        await asyncio.sleep(0)
        if cancelled:
            for task in tasks:
                task.cancel()
        free.set()
        results = await asyncio.gather(*tasks, other, return_exceptions=True)
        await recorder.settle()
    return results[:-1]


def claimed() -> EvalRun:
    run = run_make()
    lease.claim(1)
    run.refresh_from_db()
    return run


def seqs(run: EvalRun) -> list[int]:
    return list(run.events.order_by("seq").values_list("seq", flat=True))


def test_what_is_cancelled_while_it_waits_for_another_commit_is_written_all_the_same() -> None:
    run = claimed()
    results = asyncio.run(written(run, [paid(), paid(), paid()], cancelled=True))
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    stored = EvalRun.objects.get(pk=run.pk)
    assert (stored.model_calls.count(), stored.evaluation_cost_usd) == (3, Decimal("0.003"))
    assert seqs(stored) == list(range(stored.next_seq))


def test_a_step_that_fails_leaves_no_gap_before_those_behind_it() -> None:
    run = claimed()
    first, bad, last = asyncio.run(written(run, [paid(), paid(error="\ud800"), paid()]))
    assert first is None
    assert isinstance(bad, Exception)
    assert last is None
    stored = EvalRun.objects.get(pk=run.pk)
    assert (stored.model_calls.count(), stored.evaluation_cost_usd) == (2, Decimal("0.002"))
    assert seqs(stored) == list(range(stored.next_seq))


def test_an_event_that_nobody_waited_for_says_with_the_next_commit_that_it_failed() -> None:
    async def noted(run: EvalRun) -> None:
        with Journal() as journal:
            recorder = RunRecorder(run, lease.Lease(run.id, run.lease_token), journal)  # type: ignore[arg-type]
            recorder.later(Entry(columns={"agent_model": "\ud800"}))
            await asyncio.sleep(0.1)
            await recorder.commit(paid())

    run = claimed()
    with pytest.raises((UnicodeEncodeError, DataError)):
        asyncio.run(noted(run))
    assert EvalRun.objects.get(pk=run.pk).model_calls.count() == 1
