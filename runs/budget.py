"""What a project may spend in a calendar month (UTC), what it has spent, and what follows. For services, the engine and the pages.

The sum is of the daily tallies, so it costs the same after a year: a month has at most some thousand of them. How far a month's spending
can pass the budget is said in runs.engine.money.

Where only new runs are refused (AtBudget.REFUSE), runs that began go on, so what they may still cost counts too when another one asks to
begin: for a run what is left of its own limit, for a batch what is left of its estimate. A run without a limit promises nothing. Starts of
a project pass one after the other (`admit`), so two cannot both take what is left.
"""

import calendar
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from evalhub.accounts.models import AtBudget, Project
from evalhub.common.formatting import dollars
from runs.models import ALIVE, Batch, CallTally, EvalRun

NOTHING = Decimal(0)
REFUSES = {AtBudget.STOP, AtBudget.REFUSE}


class BudgetSpent(Exception):
    """The project's budget of this month is spent, so no new run begins. Its text is the sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A project's month so far. `limit` is None where nothing is limited; `unpriced` calls cost something that nobody knows.

    `promised` is what goes on may still cost, known only where it is asked for: 0 elsewhere.
    """

    limit: Decimal | None = None
    at_budget: str = AtBudget.STOP
    spent: Decimal = NOTHING
    unpriced: int = 0
    promised: Decimal = NOTHING

    @property
    def left(self) -> Decimal:
        return max((self.limit or NOTHING) - self.spent, NOTHING)

    @property
    def is_spent(self) -> bool:
        return self.limit is not None and self.spent + self.promised >= self.limit

    @property
    def refuses(self) -> bool:
        """Whether a new run would be refused now."""
        return self.is_spent and self.at_budget in REFUSES

    @property
    def stops_at(self) -> Decimal | None:
        """What running runs may not pass; None where they go on whatever is spent."""
        return self.limit if self.at_budget == AtBudget.STOP else None


def month_of(moment: datetime) -> date:
    """The first day of its UTC month."""
    return moment.astimezone(UTC).date().replace(day=1)


def next_month(moment: datetime) -> date:
    return (month_of(moment) + timedelta(days=31)).replace(day=1)


def standing(project: Project) -> Standing:
    """One query. The budget is the one of the object at hand."""
    return _standing(project, _spent([project.pk]))


def standings(project_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Standing]:
    """By project, with the budget as it is stored now. One query, and a second where one of them has a budget at all."""
    limited = list(Project.objects.filter(pk__in=project_ids, monthly_budget_usd__isnull=False))
    spent = _spent([project.pk for project in limited]) if limited else {}
    found = {project.pk: _standing(project, spent) for project in limited}
    return {project_id: found.get(project_id, Standing()) for project_id in project_ids}


def refuse_when_spent(project: Project) -> None:
    """Raises BudgetSpent where a new run may not begin. No query for a project without a budget."""
    if project.monthly_budget_usd is None:
        return
    _refuse(standing(project))


def admit(project: Project) -> None:
    """The same for whoever stores what begins, within the same transaction: starts of one project pass here one after the other, each
    seeing what those before it may cost. Raises BudgetSpent. No query for a project without a budget, else at most four.
    """
    if project.monthly_budget_usd is None:
        return
    # Not against whoever writes rows of the project, only against others like this and a change of the budget.
    held = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    now = standing(held)
    _refuse(replace(now, promised=_promised(held)) if now.at_budget == AtBudget.REFUSE and now.limit is not None else now)


def _refuse(now: Standing) -> None:
    if not now.refuses:
        return
    promised = f", {dollars(now.promised)} more may be taken by what goes on" if now.promised else ""
    raise BudgetSpent(
        f"The project's budget of {dollars(now.limit or NOTHING)} for {timezone.now().astimezone(UTC):%B} is spent "
        f"({dollars(now.spent)}{promised}), so no new run begins. An owner can raise it in the settings; "
        f"a new month begins on {next_month(timezone.now()):%Y-%m-%d} (UTC)."
    )


def _promised(project: Project) -> Decimal:
    """What runs and batches that wait or go on may still cost, by their limits and estimates. Two queries."""
    cost = F("simulation_cost_usd") + F("evaluation_cost_usd")
    single = EvalRun.objects.of(project).filter(ALIVE, batch=None, max_cost_usd__isnull=False)
    left = single.aggregate(left=Sum(Greatest(F("max_cost_usd") - cost, Value(NOTHING), output_field=DecimalField())))["left"]
    paid = EvalRun.objects.filter(batch=OuterRef("pk")).order_by().values("batch").annotate(paid=Sum(cost)).values("paid")
    batches = Batch.objects.of(project).alive().filter(estimated_cost_usd__isnull=False).order_by()
    rows = batches.annotate(paid=Subquery(paid)).values_list("estimated_cost_usd", "paid")
    return (left or NOTHING) + sum((max((estimate or NOTHING) - (spent or NOTHING), NOTHING) for estimate, spent in rows), NOTHING)


def budget_set(*, project: Project, limit: Decimal | None, at_budget: str) -> None:
    """What may be spent from now on, this month included; None for anything. Workers hear of it within seconds."""
    project.monthly_budget_usd, project.at_budget = limit, at_budget
    project.save(update_fields=["monthly_budget_usd", "at_budget", "updated_at"])


def forecast(spent: Decimal, now: datetime) -> Decimal:
    """The month's spending if the rest of it costs as much a day as the days so far, of which the first counts as a whole one."""
    first = datetime.combine(month_of(now), datetime.min.time(), UTC)
    passed = max((now - first) / timedelta(days=1), 1.0)
    days = calendar.monthrange(first.year, first.month)[1]
    return spent * Decimal(days / passed)


Spent = Mapping[uuid.UUID, tuple[Decimal, int]]


def _standing(project: Project, spent: Spent) -> Standing:
    priced, unpriced = spent.get(project.pk, (NOTHING, 0))
    return Standing(project.monthly_budget_usd, project.at_budget, priced, unpriced)


def _spent(project_ids: Sequence[uuid.UUID]) -> Spent:
    days = CallTally.objects.filter(project__in=project_ids, day__gte=month_of(timezone.now()))
    sums = days.order_by().values_list("project_id").annotate(priced=Sum("price_usd"), unknown=Sum("unpriced"))
    return {project_id: (priced, unknown) for project_id, priced, unknown in sums}
