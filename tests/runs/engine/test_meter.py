"""Calls are tallied once, in the transaction that stores them, on the account of their project."""

import asyncio
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.models import Sum
from django.utils import timezone

from agents.llm.types import CallRecord, Usage
from runs.engine import lease
from runs.engine.journal import Journal
from runs.engine.lease import Lease
from runs.engine.meter import SUMS
from runs.engine.steps import Step
from runs.engine.transcript import Purpose
from runs.models import CallTally, ModelCall
from tests.support.breaking import commit_breaks
from tests.support.runs import project_make, run_make
from tests.support.steps import step_of

pytestmark = pytest.mark.django_db(transaction=True)
PRICED = CallRecord("test/m", 1, 5, Usage(10, 4), Decimal("0.25"))
UNPRICED = CallRecord("test/m", 1, 5, Usage(10, 4))
FAILED = CallRecord("test/m", 2, 5, error="no answer")


def claimed(project: str = "default") -> Lease:
    run_make(project=project_make(project))
    return lease.claim(1)[0]


def committed(*steps: Step) -> list[object]:
    async def commit() -> list[object]:
        with Journal() as journal:
            return await asyncio.gather(*(journal.commit(step) for step in steps), return_exceptions=True)

    return asyncio.run(commit())


def tallied() -> dict[str, object]:
    return CallTally.objects.aggregate(**{name: Sum(name) for name in SUMS})


def test_calls_of_many_runs_add_up_by_model_and_purpose() -> None:
    first, second = claimed(), claimed()
    assert committed(step_of(first, calls=[PRICED, FAILED]), step_of(second, calls=[UNPRICED])) == [None, None]
    assert committed(step_of(first, calls=[PRICED], purpose=Purpose.JUDGE)) == [None]
    assert committed(step_of(first, calls=[PRICED])) == [None]
    agent, judge = CallTally.objects.order_by("purpose")
    assert (agent.purpose, agent.model, agent.day) == ("agent", "test/m", timezone.now().date())
    assert (agent.calls, agent.failed, agent.retries, agent.unpriced) == (4, 1, 1, 1)
    assert (agent.input_tokens, agent.output_tokens, agent.price_usd) == (30, 12, Decimal("0.5"))
    assert (judge.purpose, judge.calls, judge.price_usd) == ("judge", 1, Decimal("0.25"))


def test_each_project_has_its_own_tally() -> None:
    ours, theirs = claimed("ours"), claimed("theirs")
    committed(step_of(ours, calls=[PRICED]), step_of(theirs, calls=[PRICED, PRICED]))
    assert dict(CallTally.objects.values_list("project__name", "calls")) == {"ours": 1, "theirs": 2}


def test_a_project_that_is_gone_fails_its_own_steps_only() -> None:
    held, bad = claimed(), claimed()
    results = committed(step_of(held, calls=[PRICED]), Step(bad, uuid.uuid4(), calls=[PRICED]))
    assert results[0] is None
    assert isinstance(results[1], IntegrityError)
    assert tallied()["calls"] == ModelCall.objects.count() == 1


def test_a_worker_that_lost_its_lease_tallies_nothing() -> None:
    held = claimed()
    committed(Step(Lease(held.run_id, uuid.uuid4()), run_make().project_id, calls=[PRICED]))
    assert tallied()["calls"] is None


@pytest.mark.parametrize("happened", [True, False])
def test_a_commit_that_is_tried_again_counts_once(monkeypatch: pytest.MonkeyPatch, happened: bool) -> None:
    """Django's own commit fails once, after or before it took effect."""
    held = claimed()
    step = step_of(held, calls=[PRICED, UNPRICED])
    breaks = commit_breaks(monkeypatch, happened=happened)
    assert committed(step) == [None]
    assert not breaks
    assert tallied()["calls"] == ModelCall.objects.count() == 2
