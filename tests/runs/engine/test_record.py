"""What a run's recorder writes without being waited for: in order, soon, and never at the cost of what was paid for."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError

from agents.llm.types import CallRecord, Usage
from runs.engine import lease
from runs.engine.journal import Journal
from runs.engine.lease import LeaseLost
from runs.engine.record import RunRecorder
from runs.engine.transcript import Entry, Line
from runs.events.types import SessionStarted, TurnCompleted, TurnStarted
from runs.models import EvalRun
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)
SPOKEN = Entry(
    lines=[Line(0, 0, 0, "user", "Hello")],
    calls=[CallRecord("m", 1, 5, Usage(10, 5), Decimal("0.001"))],
    events=[TurnCompleted(session_index=0, index=0, turn_index=0, role="user", content="Hello", simulated_at="")],
)
UNWRITABLE = {"total_turns": -1}


def recorded(act: Callable[[RunRecorder], Awaitable[None]], *, lost: bool = False) -> EvalRun:
    """The run as it is in the database after `act` with its recorder."""
    run_make()
    held = lease.claim(1)[0]
    run = EvalRun.objects.select_related("project").get(pk=held.run_id)
    if lost:
        EvalRun.objects.filter(pk=run.pk).update(lease_token=None)

    async def with_journal() -> None:
        with Journal() as journal:
            await act(RunRecorder(run, held, journal))

    asyncio.run(with_journal())
    return EvalRun.objects.get(pk=run.pk)


def log_of(run: EvalRun) -> list[tuple[int, str]]:
    return list(run.events.order_by("seq").values_list("seq", "type"))


def test_what_follows_at_once_is_in_the_same_commit_and_after_it() -> None:
    async def act(recorder: RunRecorder) -> None:
        recorder.later(Entry(columns={"agent_model": "m"}, events=[SessionStarted(session_index=0)]))
        recorder.note(TurnStarted(session_index=0))
        await recorder.commit(SPOKEN)

    run = recorded(act)
    assert log_of(run) == [(0, "session_started"), (1, "turn_started"), (2, "turn_completed")]
    assert (run.agent_model, run.next_seq, run.messages.count(), run.simulation_cost_usd) == ("m", 3, 1, Decimal("0.001"))
    assert len(set(run.events.values_list("created_at", flat=True))) == 1


def test_it_is_written_while_nobody_waits_for_it() -> None:
    async def act(recorder: RunRecorder) -> None:
        recorder.note(TurnStarted(session_index=0))
        await asyncio.sleep(0)  # the journal writes out all that was handed over before it ends

    assert log_of(recorded(act)) == [(0, "turn_started")]


def test_when_it_cannot_be_written_what_is_paid_for_is_and_then_the_driver_is_told() -> None:
    async def act(recorder: RunRecorder) -> None:
        recorder.later(Entry(columns=UNWRITABLE, events=[TurnStarted(session_index=0)]))
        await asyncio.sleep(0)  # it is on its way
        with pytest.raises((IntegrityError, DataError)):
            await recorder.commit(SPOKEN)
        assert recorder.run.total_turns == 1
        await recorder.commit(Entry(events=[TurnStarted(session_index=0, turn_index=1)]))  # told once

    run = recorded(act)
    assert log_of(run) == [(0, "turn_completed"), (1, "turn_started")]
    assert run.messages.count() == run.model_calls.count() == 1


def test_a_lost_lease_is_told_to_whoever_waits_until_all_is_written() -> None:
    async def act(recorder: RunRecorder) -> None:
        recorder.note(TurnStarted(session_index=0))
        with pytest.raises(LeaseLost):
            await recorder.settle()

    assert log_of(recorded(act, lost=True)) == []


def test_what_was_paid_for_cannot_be_handed_over_without_waiting() -> None:
    async def act(recorder: RunRecorder) -> None:
        with pytest.raises(ValueError, match="waited for"):
            recorder.later(SPOKEN)

    assert log_of(recorded(act)) == []
