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
from runs.engine.steps import Step
from runs.engine.transcript import Entry, Line, Purpose
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


class Counting(Journal):
    """Counts the steps it is given."""

    steps = 0

    def hand_over(self, step: Step) -> asyncio.Future[None]:
        self.steps += 1
        return super().hand_over(step)


def held_back(run: EvalRun, *following: Entry) -> int:
    """How many steps a task, an answer that is held back and what follows come to."""

    async def answered() -> int:
        with Counting() as journal:
            recorder = RunRecorder(run, lease.Lease(run.id, run.lease_token), journal)  # type: ignore[arg-type]
            recorder.later(Entry(lines=[Line(0, 0, 0, "user", "Who?")]), within=60)
            recorder.with_next(Entry(lines=[Line(1, 0, 0, "assistant", "I.")], purpose=Purpose.AGENT, calls=paid().calls))
            for entry in following:
                await recorder.commit(entry)
            await asyncio.sleep(0 if following else 0.5)
            await recorder.settle()
            return journal.steps

    steps = asyncio.run(answered())
    assert [line.content for line in run.messages.all()] == ["Who?", "I."]
    return steps


def test_what_is_held_back_goes_into_one_commit_with_what_follows() -> None:
    run = claimed()
    assert held_back(run, Entry(columns={"agent_model": "m"})) == 1
    run.refresh_from_db()
    assert (run.agent_model, run.model_calls.get().purpose) == ("m", Purpose.AGENT)


def test_calls_for_another_purpose_are_a_commit_of_their_own() -> None:
    run = claimed()
    assert held_back(run, paid()) == 2
    assert sorted(run.model_calls.values_list("purpose", flat=True)) == [Purpose.AGENT, Purpose.JUDGE]


def test_what_is_held_back_is_written_also_when_nothing_follows() -> None:
    run = claimed()
    assert held_back(run) == 1
    assert run.model_calls.get().purpose == Purpose.AGENT
