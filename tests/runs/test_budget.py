"""A project's budget of the month: how it stands, what is refused, and what it costs to ask."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evalhub.accounts.models import AtBudget, Project
from runs import budget
from runs.again import run_again
from runs.budget import BudgetSpent, Standing
from runs.models import CallTally, EvalRun
from runs.services import Kind, RunRequest, run_create, runs_create
from tests import factories
from tests.factories import signed_in
from tests.runs.api.client import Api

pytestmark = pytest.mark.django_db


def limited(limit: str | None = "10", at_budget: str = AtBudget.STOP) -> Project:
    project = factories.project()
    project.monthly_budget_usd, project.at_budget = (Decimal(limit) if limit else None), at_budget
    project.save()
    return project


def spend(project: Project, amount: str, *, day: date | None = None, unpriced: int = 0, shard: int = 0) -> None:
    CallTally.objects.create(
        project=project,
        day=day or timezone.now().astimezone(UTC).date(),
        model="openai/gpt-4o",
        purpose="judge",
        shard=shard,
        price_usd=Decimal(amount),
        unpriced=unpriced,
    )


def request(project: Project) -> RunRequest:
    return RunRequest(agent=factories.agent(project=project))


def test_only_this_month_and_this_project_count() -> None:
    project = limited()
    spend(project, "2.5", unpriced=3)
    spend(project, "1", shard=1)
    spend(project, "100", day=budget.month_of(timezone.now()) - timedelta(days=1))
    spend(limited(), "50")
    now = budget.standing(project)
    assert (now.spent, now.left, now.unpriced, now.is_spent) == (Decimal("3.5"), Decimal("6.5"), 3, False)


def test_a_month_is_a_utc_month() -> None:
    eastern = datetime.fromisoformat("2026-03-01T01:00:00+03:00")
    assert budget.month_of(eastern) == date(2026, 2, 1)
    assert budget.next_month(eastern) == date(2026, 3, 1)
    assert budget.next_month(datetime(2026, 12, 31, tzinfo=UTC)) == date(2027, 1, 1)


def test_the_forecast_takes_the_days_so_far_for_the_rest() -> None:
    assert budget.forecast(Decimal(10), datetime(2026, 4, 11, tzinfo=UTC)) == 30
    assert budget.forecast(Decimal(1), datetime(2026, 4, 1, 0, 5, tzinfo=UTC)) == 30  # five minutes are no pace


@pytest.mark.parametrize(
    ("at_budget", "refuses", "stops"), [(AtBudget.STOP, True, True), (AtBudget.REFUSE, True, False), (AtBudget.WARN, False, False)]
)
def test_the_owner_chooses_what_happens(at_budget: str, refuses: bool, stops: bool) -> None:
    now = Standing(Decimal(1), at_budget, Decimal(1))
    assert (now.refuses, now.stops_at is not None) == (refuses, stops)


def test_new_runs_are_refused_once_it_is_spent() -> None:
    project = limited()
    spend(project, "10")
    with pytest.raises(BudgetSpent, match=r"budget of \$10\.00 for .* is spent \(\$10\.00\)"):
        run_create(project=project, kind=Kind.SIMULATE, request=request(project))
    assert not EvalRun.objects.exists()


def test_a_run_again_is_a_new_run_too_and_keeps_its_limit() -> None:
    project = limited()
    made = run_create(
        project=project, kind=Kind.SIMULATE, request=RunRequest(agent=factories.agent(project=project), max_cost_usd=Decimal(2))
    )
    assert run_again(run_id=made.pk, project=project).max_cost_usd == 2
    spend(project, "10")
    with pytest.raises(BudgetSpent):
        run_again(run_id=made.pk, project=project)


def test_it_goes_on_where_the_owner_only_wants_to_be_told() -> None:
    project = limited(at_budget=AtBudget.WARN)
    spend(project, "10")
    assert run_create(project=project, kind=Kind.SIMULATE, request=request(project)).status == "pending"


def test_a_project_without_a_budget_pays_no_query_for_it() -> None:
    project = limited(None)
    with CaptureQueriesContext(connection) as asked:
        budget.refuse_when_spent(project)
    assert len(asked) == 0
    with CaptureQueriesContext(connection) as asked:
        budget.refuse_when_spent(limited())
    assert sum("calltally" in query["sql"].lower() for query in asked) == 1


def test_repeats_share_a_scenario_and_a_single_run_has_none() -> None:
    project = limited(None)
    runs = runs_create(project=project, kind=Kind.SIMULATE, request=request(project), repeats=5)
    assert len({run.scenario_id for run in runs}) == 1
    assert len({run.pk for run in runs}) == EvalRun.objects.filter(scenario_id=runs[0].scenario_id).count() == 5
    assert (
        runs_create(project=project, kind=Kind.SIMULATE, request=RunRequest(agent=factories.agent(project=project, name="Bo")))[
            0
        ].scenario_id
        is None
    )


def test_a_hundred_repeats_take_a_handful_of_queries() -> None:
    project = limited(None)
    asked_for = request(project)
    with CaptureQueriesContext(connection) as asked:
        runs_create(project=project, kind=Kind.SIMULATE, request=asked_for, repeats=100)
    assert len(asked) < 10


def test_the_api_refuses_with_a_sentence() -> None:
    api = Api(limited("1"))
    spend(api.project, "1")
    factories.agent(project=api.project)
    answer = api.post("/agents/Mara/simulate", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "budget_spent")
    assert "is spent" in answer.json()["detail"]


# The page


def test_an_owner_sets_it_and_sees_how_it_stands() -> None:
    project = limited(None)
    owner = signed_in(factories.owner(project=project))
    spend(project, "5", unpriced=2)
    assert "none" in owner.get("/settings/budget/").content.decode()
    answer = owner.post("/settings/budget/", {"limit": "20", "at_budget": "refuse"})
    assert answer.status_code == 302
    project.refresh_from_db()
    assert (project.monthly_budget_usd, project.at_budget) == (20, "refuse")
    page = owner.get("/settings/budget/").content.decode()
    for shown in ("$5.00", "$20.00", "$15.00", "2 unpriced calls", "Forecast"):
        assert shown in page
    assert owner.post("/settings/budget/", {"limit": "", "at_budget": "stop"}).status_code == 302
    project.refresh_from_db()
    assert project.monthly_budget_usd is None


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "1e400", "much", "5.001"])
def test_a_budget_that_cannot_be_is_refused_beside_its_field(limit: str) -> None:
    project = limited(None)
    answer = signed_in(factories.owner(project=project)).post("/settings/budget/", {"limit": limit, "at_budget": "stop"})
    assert answer.status_code == 400
    assert 'class="field-error"' in answer.content.decode()
    assert limit in answer.content.decode()


def test_others_see_it_and_do_not_set_it() -> None:
    project = limited()
    reader = signed_in(factories.teammate(project=project))
    page = reader.get("/settings/budget/").content.decode()
    assert "$10.00" in page
    assert "Save budget" not in page
    assert reader.post("/settings/budget/", {"limit": "5", "at_budget": "stop"}).status_code == 403
    project.refresh_from_db()
    assert project.monthly_budget_usd == 10


def test_the_page_takes_few_queries() -> None:
    project = limited()
    owner = signed_in(factories.owner(project=project))
    for shard in range(5):
        spend(project, "1", shard=shard)
    with CaptureQueriesContext(connection) as asked:
        owner.get("/settings/budget/")
    assert len(asked) <= 5
