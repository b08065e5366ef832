"""The figures of the overview: how a project's agents did in some days, and what that cost. What is on now: runs.on_now.

Read from what the database keeps added up (runs.score_tally, CallTally) and from what is alive, never from history, so that it costs the
same after a year. Scores are of completed runs, each under the UTC day it was created.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.names import told_apart
from evalhub.common.statistics import Difference, Sums, Verdict, difference
from runs import score_tally
from runs.models import ALIVE, CallTally, EvalRun
from runs.score_tally import Part, Tallied
from runs.states import Status
from templates_app.models import EvalTemplate

WEEK = 7
MOST_DAYS_DRAWN = 45  # a longer window is told by week: a place for every day would be too narrow to read, and too much to add up
WITHOUT_RESULT = (Status.FAILED, Status.INTERRUPTED)
FIRST_TOLD = (Verdict.WORSE, Verdict.BETTER, Verdict.SAME)


class Subject(NamedTuple):
    """What scores are added up for, since others cannot be compared with them. `agent_id` None: all agents together."""

    part: Part
    template_id: uuid.UUID | None
    demo: bool
    agent_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Runs that were to be judged by a template. Only `scores` are in a mean; the others are told beside it."""

    scores: Sums = Sums()
    unscored: int = 0
    failed: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.scores + other.scores, self.unscored + other.unscored, self.failed + other.failed)


NOTHING = Counted()


@dataclass(frozen=True, slots=True)
class Change:
    """An agent by a template, this week beside the week before."""

    subject: Subject
    new: Counted
    old: Counted
    difference: Difference


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls of one purpose to one model cost. `unpriced` ones are not in `price_usd`."""

    model: str
    purpose: str
    calls: int
    price_usd: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Names:
    """What agents and templates are called. A run outlives both."""

    agents: Mapping[uuid.UUID, str]
    templates: Mapping[uuid.UUID, str]

    def agent(self, agent_id: uuid.UUID | None) -> str:
        return "No agent" if agent_id is None else self.agents.get(agent_id, f"Deleted agent {str(agent_id)[:8]}")

    def template(self, template_id: uuid.UUID | None) -> str:
        return "No template" if template_id is None else self.templates.get(template_id, f"Deleted template {str(template_id)[:8]}")


@dataclass(frozen=True, slots=True)
class Overview:
    """`days` are the window, oldest first. `trend` has a day's scores by subject; `cells` those of the window by agent.

    A long window is `weekly`: a week's scores then stand under its first day, and the newest week ends today.
    """

    days: Sequence[date]
    statuses: Mapping[Status, int]
    week_runs: int
    trend: Mapping[Subject, Mapping[date, Counted]]
    cells: Mapping[Subject, Counted]
    changes: Sequence[Change]
    uncompared: int
    judged_again: int
    demo_runs: int
    spent: Sequence[Spent]
    names: Names

    @property
    def runs(self) -> int:
        return sum(self.statuses.values())

    @property
    def weekly(self) -> bool:
        return len(self.days) > MOST_DAYS_DRAWN

    @property
    def subjects(self) -> list[Subject]:
        """Those of all agents: quality before adaptation, real models before demo models, then by how many scores there are."""
        totals = {subject: sum(counted.scores.n for counted in days.values()) for subject, days in self.trend.items()}
        return sorted(totals, key=lambda subject: (subject.demo, subject.part != Part.QUALITY, -totals[subject], str(subject.template_id)))

    def counted(self, part: Part, *, demo: bool) -> Counted:
        """All templates of a part together."""
        days = [by_day for subject, by_day in self.trend.items() if (subject.part, subject.demo) == (part, demo)]
        return added(counted for by_day in days for counted in by_day.values())


def added(counted: Iterable[Counted]) -> Counted:
    return sum(counted, NOTHING)


def overview(*, project: Project, today: date, days: int) -> Overview:
    """The last `days` UTC days (a week at least), today among them. Seven queries at most, however many runs there are."""
    window = [today - timedelta(days=back) for back in reversed(range(days))]
    weeks = [
        today - timedelta(days=WEEK * number - 1) for number in range(1, max(days // WEEK, 2) + 1)
    ]  # their first days, the newest first
    ended = score_tally.ended(project_id=project.pk, since=window[0], edges=weeks[:1])
    weekly = days > MOST_DAYS_DRAWN
    since = min(window[0], weeks[1])
    by_agent = score_tally.by_agent(project_id=project.pk, since=since, edges=weeks if weekly else weeks[:2])
    trend = _weekly(by_agent, [*weeks, window[0]]) if weekly else _trend(score_tally.by_day(project_id=project.pk, since=window[0]))
    alive = _alive(project, window[0], weeks[0])
    changes, uncompared = _changes(by_agent)
    return Overview(
        days=window,
        statuses=_statuses(ended, alive),
        week_runs=sum(row.runs for row in ended if row.period == 0) + alive["week"],
        trend=trend,
        cells=_by_subject(_within(by_agent, days)),
        changes=changes,
        uncompared=uncompared,
        judged_again=sum(row.runs for row in ended if row.again),
        demo_runs=sum(row.runs for row in ended if row.demo),
        spent=_spent(project, window[0]),
        names=_names(project, by_agent),
    )


def _alive(project: Project, first: date, this_week: date) -> dict[str, int]:
    """How many of the window are not final yet, by status, and how many of this week. One query."""
    created = Q(created_at__gte=_midnight(first))
    counts: dict[str, int] = (
        EvalRun.objects.of(project)
        .filter(ALIVE)
        .order_by()
        .aggregate(
            running=Count("pk", filter=created & Q(status=Status.RUNNING)),
            pending=Count("pk", filter=created & Q(status=Status.PENDING)),
            week=Count("pk", filter=Q(created_at__gte=_midnight(this_week))),
        )
    )
    return counts


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _statuses(rows: Sequence[Tallied], alive: Mapping[str, int]) -> dict[Status, int]:
    """In the order in which a run passes through them."""
    counts: dict[Status, int] = {status: 0 for status in Status if status != Status.SUMMARIZING}
    counts |= {status: alive[status] for status in (Status.PENDING, Status.RUNNING)}
    for row in rows:
        counts[row.status] += row.runs
    return counts


def _counted(row: Tallied) -> Counted:
    if row.status == Status.COMPLETED:
        return Counted(row.scores, unscored=row.runs - row.scores.n)
    return Counted(failed=row.runs)


def _trend(rows: Iterable[Tallied]) -> dict[Subject, dict[date, Counted]]:
    found: dict[Subject, dict[date, Counted]] = defaultdict(dict)
    for row in rows:
        if row.day:
            by_day = found[Subject(row.part, row.template_id, row.demo)]
            by_day[row.day] = by_day.get(row.day, NOTHING) + _counted(row)
    return dict(found)


def _weekly(rows: Iterable[Tallied], first_days: Sequence[date]) -> dict[Subject, dict[date, Counted]]:
    """The same by week, of rows whose period is the number of a week, the newest 0."""
    return _trend(replace(row, day=first_days[row.period or 0]) for row in rows)


def _by_subject(rows: Iterable[Tallied]) -> dict[Subject, Counted]:
    found: dict[Subject, Counted] = {}
    for row in rows:
        subject = Subject(row.part, row.template_id, row.demo, row.agent_id)
        found[subject] = found.get(subject, NOTHING) + _counted(row)
    return found


def _within(rows: Iterable[Tallied], days: int) -> list[Tallied]:
    """Rows of the window: the week before is read for the comparison even where the window is shorter."""
    return [row for row in rows if row.period == 0 or days > WEEK]


def _changes(rows: Sequence[Tallied]) -> tuple[list[Change], int]:
    """What can be compared, what got worse before what got better; and how many pairs have too few scores, in one of the weeks at least."""
    new, old = (_by_subject(row for row in rows if row.period == week) for week in (0, 1))
    told = [Change(subject, new[subject], old[subject], gap) for subject in new.keys() & old.keys() if (gap := _gap(new, old, subject))]
    able = [change for change in told if change.difference.half_width is not None]
    scored = {subject for week in (new, old) for subject, counted in week.items() if counted.scores.n}
    return sorted(able, key=_told_first), len(scored) - len(able)


def _told_first(change: Change) -> tuple[int, float, str]:
    verdict = change.difference.verdict
    size = abs(change.difference.value)
    return FIRST_TOLD.index(verdict), -size, str(change.subject)


def _gap(new: Mapping[Subject, Counted], old: Mapping[Subject, Counted], subject: Subject) -> Difference | None:
    return difference(new[subject].scores, old[subject].scores)


def _spent(project: Project, first: date) -> list[Spent]:
    """By model and purpose, the dearest first. One query."""
    rows = (
        CallTally.objects.filter(project=project, day__gte=first)
        .order_by()
        .values("model", "purpose")
        .annotate(asked=Sum("calls"), price=Sum("price_usd"), unknown=Sum("unpriced"))
    )
    spent = [Spent(row["model"], row["purpose"], row["asked"], row["price"] or Decimal(0), row["unknown"]) for row in rows]
    return sorted(spent, key=lambda item: (-item.price_usd, -item.calls, item.model, item.purpose))


def _names(project: Project, rows: Iterable[Tallied]) -> Names:
    """Two queries."""
    judged = list(rows)
    agents = Agent.objects.filter(project=project, pk__in={row.agent_id for row in judged}).values_list("pk", "name")
    templates = EvalTemplate.objects.visible_to(project).filter(pk__in={row.template_id for row in judged}).values_list("pk", "name")
    return Names(told_apart(dict(agents)), told_apart(dict(templates)))
