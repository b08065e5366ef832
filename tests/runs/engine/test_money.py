"""A run stops before the call that would pass its limit, or its project's budget, and keeps what it has."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.llm.errors import SpendingStopped
from agents.llm.registry import ModelSpec, WireRequest
from agents.llm.types import CallRecord, ChatMessage, Usage
from agents.models import ModelProvider
from evalhub.accounts.models import AtBudget, Project
from runs import budget
from runs.engine import stop
from runs.engine.drain import run_drain
from runs.engine.journal import Journal
from runs.engine.money import Budgets, Pot, Purse, most_it_costs
from runs.models import CallTally, EvalRun
from runs.services import Kind
from runs.states import Status
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server
from tests.support.runs import project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)
PRICED = ModelSpec(provider="openai", model="gpt-4o", kind="openai")
UNKNOWN = ModelSpec(provider="attic", model="llama", kind="openai", base_url="http://127.0.0.1:1/v1")


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running
    stop.reset()


def limited(server: MockModelServer, limit: str | None, **more: Any) -> EvalRun:
    project = project_make()
    ModelProvider.objects.get_or_create(project=project, name="openai", defaults={"base_url": server.openai_url})
    template = template_make(project, judge_model="openai/gpt-4o", **({"max_tokens": 400} | more))
    run = run_make(project=project, template=template, model="openai/gpt-4o", max_cost_usd=Decimal(limit) if limit else None)
    run_drain(linger=0)
    run.refresh_from_db()
    return run


def spend(project: Project, amount: str) -> None:
    CallTally.objects.create(
        project=project, day=datetime.now(UTC).date(), model="openai/gpt-4o", purpose="judge", price_usd=Decimal(amount)
    )


def request(text: str = "Hello", max_tokens: int | None = 100) -> WireRequest:
    return WireRequest((ChatMessage("user", text),), max_tokens=max_tokens)


def record(price: str | None) -> CallRecord:
    return CallRecord("openai/gpt-4o", 1, 5, Usage(10, 5), None if price is None else Decimal(price))


def test_a_run_stops_before_the_call_that_would_pass_its_limit_and_keeps_what_it_has(server: MockModelServer) -> None:
    whole = limited(server, None)
    assert (whole.status, whole.model_calls.count()) == (Status.COMPLETED, 3)
    asked = len(server.requests)
    run = limited(server, "0.022", max_tokens=2500)  # what the agent is asked fits, held with 2,000 tokens of output; the judge does not
    assert (run.status, run.error_code) == (Status.FAILED, "max_cost")
    assert "may cost up to" in run.error_reason
    assert "$0.0220" in run.error_reason
    assert 0 < run.total_cost_usd < 0.022
    assert len(server.requests) - asked == run.model_calls.count() == 2
    assert run.messages.count() == 4
    last = run.events.order_by("seq").last()
    assert last is not None
    assert (last.type, last.payload["status"]) == ("final_status", "failed")


def test_no_limit_is_no_limit_and_a_wide_one_changes_nothing(server: MockModelServer) -> None:
    assert limited(server, "5").status == Status.COMPLETED


def test_samples_that_are_judged_at_once_do_not_pass_the_limit_together(server: MockModelServer) -> None:
    run = limited(server, "0.03", judge_samples=20)
    assert (run.status, run.error_code) == (Status.FAILED, "max_cost")
    assert run.total_cost_usd <= 0.03
    assert run.verdicts.count() >= 1  # what was paid for is kept


def test_the_limit_may_stand_beside_the_others_of_the_api() -> None:
    run = run_make(kind=Kind.SIMULATE, simulation_config={"max_cost_usd": 0.00001})
    assert run.max_cost_usd == Decimal("0.0001")
    assert run_make(kind=Kind.SIMULATE, simulation_config={"max_cost_usd": 0}).max_cost_usd is None


def test_the_demo_models_cost_nothing_so_no_limit_stops_them() -> None:
    run = run_make(max_cost_usd=Decimal("0.0001"))
    run_drain(linger=0)
    run.refresh_from_db()
    assert run.status == Status.COMPLETED


def test_a_model_without_a_price_is_not_stopped_by_the_runs_limit_but_by_a_spent_budget() -> None:
    run = EvalRun(max_cost_usd=Decimal("0.0001"))
    Purse(run, Pot()).hold_for(UNKNOWN)(request())
    with pytest.raises(SpendingStopped, match="the project's budget of this month") as refused:
        Purse(run, Pot(limit=Decimal(1), spent=Decimal(1))).hold_for(UNKNOWN)(request())
    assert refused.value.code == "budget"


def test_what_is_held_for_a_request_is_free_again_when_it_is_paid() -> None:
    cost = most_it_costs(PRICED, request())
    assert cost is not None
    pot = Pot()
    hold = Purse(EvalRun(max_cost_usd=cost + cost / 2), pot).hold_for(PRICED)
    paid = hold(request())
    with pytest.raises(SpendingStopped):
        hold(request())
    paid(record("0.00001"))
    hold(request())(record(None))
    assert (pot.held, pot.spent) == (0, Decimal("0.00001"))


def test_an_answer_of_any_length_is_held_with_two_thousand_tokens() -> None:
    assert most_it_costs(PRICED, request(max_tokens=None)) == most_it_costs(PRICED, request(max_tokens=2000))
    assert most_it_costs(UNKNOWN, request()) is None


def test_a_spent_budget_stops_a_run_that_waits_or_goes_on(server: MockModelServer) -> None:
    project = project_make()
    run = run_make(project=project)
    Project.objects.filter(pk=project.pk).update(monthly_budget_usd=Decimal("2.50"))
    spend(project, "2.5")
    run_drain(linger=0)
    run.refresh_from_db()
    assert (run.status, run.error_code) == (Status.FAILED, "budget")
    assert "$2.5000 are spent of the project's budget of this month" in run.error_reason


@pytest.mark.parametrize("choice", [AtBudget.REFUSE, AtBudget.WARN])
def test_running_runs_finish_where_the_owner_chose_so(choice: str) -> None:
    project = project_make()
    run = run_make(project=project)
    Project.objects.filter(pk=project.pk).update(monthly_budget_usd=Decimal(1), at_budget=choice)
    spend(project, "2")
    run_drain(linger=0)
    run.refresh_from_db()
    assert run.status == Status.COMPLETED


async def test_a_process_asks_once_a_project_and_hears_what_others_spent() -> None:
    project = await Project.objects.acreate(name="kitchen", monthly_budget_usd=Decimal(10))
    with Journal() as journal:
        budgets = Budgets(journal)
        pot = await budgets.of(project.pk)
        assert (pot.limit, pot.spent) == (Decimal(10), 0)
        await CallTally.objects.acreate(project=project, day=datetime.now(UTC).date(), model="m", purpose="user", price_usd=Decimal(4))
        assert await budgets.of(project.pk) is pot
        assert pot.spent == 0
        await budgets.refresh()
        assert pot.spent == 4


def test_reading_the_budgets_of_any_number_of_projects_takes_two_queries_and_one_where_none_is_limited() -> None:
    free = [Project.objects.create(name=f"free-{number}").pk for number in range(3)]
    with CaptureQueriesContext(connection) as asked:
        budget.standings([*free, uuid.uuid4()])
    assert len(asked) == 1
    tight = [Project.objects.create(name=f"tight-{number}", monthly_budget_usd=1).pk for number in range(3)]
    with CaptureQueriesContext(connection) as asked:
        assert budget.standings([*free, *tight])[tight[0]].limit == 1
    assert len(asked) == 2
