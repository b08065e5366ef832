"""The overview: the figures of runs.overview as tiles, pictures and a table, and the part that says what is on now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.common.charts import Bars, Heat, Line
from evalhub.common.statistics import Mean
from runs import on_now
from runs import overview as figures
from runs.batches.reading import newest_over
from runs.models import EvalRun, ModelCall
from runs.overview import Change, Counted, Names, Overview, Subject
from runs.score_tally import Part
from runs.spend import CHAT
from runs.web import charts
from runs.web.access import PageRequest, member_required

WINDOWS = (7, 30, 90)
USUAL = 30
MOST_TRENDS = 6
MOST_CHANGES = 12
MOST_AGENTS, MOST_TEMPLATES = 12, 6
MOST_BATCHES = 5
PURPOSES: Mapping[str, str] = {**dict(ModelCall.Purpose.choices), CHAT: "Test chats"}


@dataclass(frozen=True, slots=True)
class Trend:
    """One template's scores: what it is called, their mean over the window, and the picture of their days."""

    name: str
    subject: Subject
    counted: Counted
    chart: Line


@dataclass(frozen=True, slots=True)
class Told:
    """A change with its names."""

    agent: str
    template: str
    change: Change


@dataclass(frozen=True, slots=True)
class Tiles:
    """Figures of the window. The mean is of real models where they have scores, of demo models (`mean_is_demo`) where only those do."""

    judged: Counted
    mean_is_demo: bool
    price_usd: Decimal
    unpriced: int
    failed: int

    @property
    def mean(self) -> Mean | None:
        return self.judged.scores.mean


@require_GET
@never_cache
@member_required
def home(request: PageRequest) -> HttpResponse:
    """The window stands in the address; one that is not offered is the usual one."""
    project = request.membership.project
    days = _window(request.GET.get("days", ""))
    found = figures.overview(project=project, today=datetime.now(UTC).date(), days=days)
    now = on_now.now(project=project)
    context = {"found": found, "window": days, "windows": WINDOWS, "now": now, "batches": newest_over(project=project, size=MOST_BATCHES)}
    if found.runs or now.is_anything:
        return render(request, "runs/overview.html", {**context, **_pictures(found), "tiles": _tiles(found)})
    return render(request, "runs/overview.html", {**context, "has_runs": EvalRun.objects.of(project).exists()})


@require_GET
@never_cache
@member_required
def overview_now(request: PageRequest) -> HttpResponse:
    """What is on, for the page that asks every few seconds while it is seen."""
    return render(request, "runs/overview/_now.html", {"now": on_now.now(project=request.membership.project)})


def _window(asked: str) -> int:
    return next((days for days in WINDOWS if str(days) == asked), USUAL)


def _tiles(found: Overview) -> Tiles:
    real, demo = (found.counted(Part.QUALITY, demo=demo) for demo in (False, True))
    is_demo = bool(demo.scores.n and not real.scores.n)
    return Tiles(
        judged=demo if is_demo else real,
        mean_is_demo=is_demo,
        price_usd=sum((item.price_usd for item in found.spent), Decimal(0)),
        unpriced=sum(item.unpriced for item in found.spent),
        failed=sum(found.statuses[status] for status in figures.WITHOUT_RESULT),
    )


def _pictures(found: Overview) -> dict[str, object]:
    return {
        "trends": _trends(found),
        "trend_step": "week" if found.weekly else "day",
        "trends_more": max(len(found.trend) - MOST_TRENDS, 0),
        "changes": [_told(change, found.names) for change in found.changes[:MOST_CHANGES]],
        "changes_more": max(len(found.changes) - MOST_CHANGES, 0),
        "statuses": charts.statuses(
            key="statuses", title="Runs by status", counts={str(status): number for status, number in found.statuses.items()}
        ),
        "heat": _heat(found),
        **_spend(found),
    }


def _trends(found: Overview) -> list[Trend]:
    return [_trend(number, subject, found) for number, subject in enumerate(found.subjects[:MOST_TRENDS])]


def _trend(number: int, subject: Subject, found: Overview) -> Trend:
    name, by_day = found.names.template(subject.template_id), found.trend[subject]
    step = figures.WEEK if found.weekly else 1
    scores = {days[0]: figures.added(by_day[day] for day in days if day in by_day) for days in _steps(found.days, step)}
    title = f"{name}: mean score by {'day' if step == 1 else 'week'}"
    drawn = charts.trend(key=f"trend-{number}", title=title, days=list(scores), scores=scores, weekly=step > 1)
    return Trend(name, subject, figures.added(by_day.values()), drawn)


def _steps(days: Sequence[date], length: int) -> list[Sequence[date]]:
    """Stretches of days, whole ones at the end: the week that ends today is a whole one."""
    short = len(days) % length
    return [days[max(first, 0) : first + length] for first in range(short - length if short else 0, len(days), length)]


def _told(change: Change, names: Names) -> Told:
    return Told(names.agent(change.subject.agent_id), names.template(change.subject.template_id), change)


def _spend(found: Overview) -> dict[str, Bars]:
    if not found.spent:
        return {}
    return {
        "by_model": charts.spend_by_model(key="by-model", title="Spend by model", spent=found.spent, purposes=PURPOSES),
        "by_purpose": charts.spend_by_purpose(key="by-purpose", title="Spend by purpose", spent=found.spent, purposes=PURPOSES),
    }


def _heat(found: Overview) -> Heat | None:
    """Agents beside each other, where there is more than one cell to compare. Demo models have a column of their own."""
    columns = found.subjects[:MOST_TEMPLATES]
    agents = sorted({subject.agent_id for subject in found.cells}, key=lambda key: (found.names.agent(key), str(key)))[:MOST_AGENTS]
    cells = {
        (row, number): counted
        for row, agent_id in enumerate(agents)
        for number, column in enumerate(columns)
        if (counted := found.cells.get(column._replace(agent_id=agent_id))) and counted.scores.n
    }
    if len(cells) < 2:
        return None
    names, across = [found.names.agent(key) for key in agents], [_column(column, found.names) for column in columns]
    return charts.matrix(key="matrix", title="Mean score by agent and template", agents=names, templates=across, cells=cells)


def _column(subject: Subject, names: Names) -> str:
    return f"{names.template(subject.template_id)}{' (demo)' if subject.demo else ''}"
