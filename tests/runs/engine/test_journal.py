"""The group commit: what is committed, what is refused, and that one bad step fails alone."""

import asyncio
import uuid
from collections.abc import Sequence

import pytest
from django.db import IntegrityError

from runs.engine import lease
from runs.engine.journal import Journal
from runs.engine.lease import Lease, LeaseLost
from runs.engine.steps import Step
from runs.engine.transcript import Line
from runs.models import EvalRun, Message
from tests.support.breaking import commit_breaks
from tests.support.runs import run_make
from tests.support.steps import step_of

pytestmark = pytest.mark.django_db(transaction=True)


def claimed() -> Lease:
    run_make()
    return lease.claim(1)[0]


def line(index: int) -> Line:
    return Line(index, 0, 0, "user", str(index))


async def commit(*steps: Step) -> list[object]:
    with Journal() as journal:
        return await asyncio.gather(*(journal.commit(step) for step in steps), return_exceptions=True)


def test_a_step_is_in_the_database_when_its_commit_returns() -> None:
    held = claimed()
    assert asyncio.run(commit(step_of(held, columns={"total_turns": 7}, lines=[line(0)]))) == [None]
    run = EvalRun.objects.get(pk=held.run_id)
    assert (run.total_turns, run.messages.count()) == (7, 1)


def test_a_worker_that_lost_its_lease_cannot_write_and_others_in_the_same_group_can() -> None:
    late, held = claimed(), claimed()
    EvalRun.objects.filter(pk=late.run_id).update(lease_token=uuid.uuid4())
    results = asyncio.run(commit(step_of(late, lines=[line(0)]), step_of(held, lines=[line(0)])))
    assert isinstance(results[0], LeaseLost)
    assert results[1] is None
    assert not Message.objects.filter(run_id=late.run_id).exists()
    assert Message.objects.filter(run_id=held.run_id).exists()


def test_a_bad_step_fails_alone() -> None:
    good, bad = claimed(), claimed()
    results = asyncio.run(commit(step_of(good, lines=[line(0)]), step_of(bad, lines=[line(0), line(0)])))
    assert results[0] is None
    assert isinstance(results[1], IntegrityError)
    assert Message.objects.filter(run_id=good.run_id).count() == 1
    assert Message.objects.filter(run_id=bad.run_id).count() == 0


def test_a_run_that_was_deleted_is_a_lost_lease() -> None:
    held = claimed()
    EvalRun.objects.filter(pk=held.run_id).delete()
    assert [type(result) for result in asyncio.run(commit(step_of(held, lines=[line(0)])))] == [LeaseLost]


def test_a_hundred_steps_handed_over_at_once_are_all_committed() -> None:
    held = [claimed() for _ in range(20)]
    steps = [step_of(one, lines=[line(index)]) for one in held for index in range(5)]
    results = asyncio.run(commit(*steps))
    assert results == [None] * 100
    assert Message.objects.count() == 100


def test_a_function_runs_after_the_steps_that_were_handed_over_with_it() -> None:
    held = claimed()
    step = step_of(held, lines=[line(0)])

    async def give_back_at_once() -> list[object]:
        with Journal() as journal:
            return await asyncio.gather(
                journal.call(lambda: lease.give_back([held])),
                journal.commit(step),
                return_exceptions=True,
            )

    assert asyncio.run(give_back_at_once())[1] is None
    assert Message.objects.filter(run_id=held.run_id).count() == 1


def test_an_error_of_a_function_reaches_its_caller() -> None:
    async def fail() -> None:
        with Journal() as journal:
            await journal.call(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())


def test_a_question_is_put_once_for_all_who_ask_at_the_same_time_and_an_exception_is_for_its_asker() -> None:
    calls: list[list[int]] = []

    def doubled(keys: Sequence[int]) -> dict[int, int | LeaseLost]:
        calls.append(sorted(keys))
        return {key: LeaseLost() if key == 2 else key * 2 for key in keys}

    async def ask() -> list[object]:
        with Journal() as journal:
            return await asyncio.gather(*(journal.ask(doubled, key) for key in (1, 2, 3, 3)), return_exceptions=True)

    one, two, *threes = asyncio.run(ask())
    assert calls == [[1, 2, 3, 3]]
    assert (one, threes) == (2, [6, 6])
    assert isinstance(two, LeaseLost)


@pytest.mark.parametrize("happened", [True, False])
def test_a_connection_that_breaks_during_commit_costs_no_step_and_doubles_none(monkeypatch: pytest.MonkeyPatch, happened: bool) -> None:
    """Django's own commit fails once, after or before it took effect: nobody says which, and the rows are there once."""
    held, breaks = claimed(), commit_breaks(monkeypatch, happened=happened)
    assert asyncio.run(commit(step_of(held, columns={"total_turns": 1}, lines=[line(0)]))) == [None]
    assert not breaks
    run = EvalRun.objects.get(pk=held.run_id)
    assert (run.total_turns, run.messages.count()) == (1, 1)
