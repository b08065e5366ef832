"""The page of pass rates over time: a picture a target or source, each with Wilson's interval."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.common.charts import Line, Sample, line
from evalhub.common.statistics import Rate
from runs.batches.trends import By, Course, Trends, kinds_with_results, trends
from runs.web.access import PageRequest, member_required
from runs.web.charts import day_name
from templates_app.models import SourceType

WINDOWS = (7, 30, 90)
USUAL = 30
MOST_SHOWN = 12
ALL_OF_IT = 100.0  # per cent: every picture has the same scale, since they are read side by side
BY: dict[str, tuple[By, str]] = {"target": ("target_key", "Target"), "source": ("source_id", "Source")}
WITH_SOURCES = (SourceType.REST_API, SourceType.SDK, SourceType.CLI)


@dataclass(frozen=True, slots=True)
class Shown:
    """A course as it is drawn."""

    name: str
    rate: Rate | None
    chart: Line


@require_GET
@never_cache
@member_required
def trend_page(request: PageRequest) -> HttpResponse:
    """GET ?kind=&by=target|source&days=7|30|90. What is not offered is the usual."""
    project = request.membership.project
    kinds = kinds_with_results(project)
    kind = _one(request.GET, "kind", SourceType.values, kinds[0] if kinds else SourceType.REST_API.value)
    by = _one(request.GET, "by", list(BY) if kind in WITH_SOURCES else ["target"], "target")
    days = int(_one(request.GET, "days", list(map(str, WINDOWS)), str(USUAL)))
    found = trends(project=project, source_type=kind, by=BY[by][0], today=datetime.now(UTC).date(), days=days)
    context = {
        "kinds": SourceType.choices,
        "kind": kind,
        "kind_label": SourceType(kind).label,
        "by": by,
        "may_group": kind in WITH_SOURCES,
        "window": days,
        "windows": WINDOWS,
        "weekly": found.is_weekly,
        "shown": [_shown(place, course, found, by) for place, course in enumerate(found.courses[:MOST_SHOWN])],
        "more": max(len(found.courses) - MOST_SHOWN, 0),
        "has_any": bool(kinds),
    }
    return render(request, "runs/batches/trends.html", context)


def _one(query: QueryDict, name: str, offered: list[str], usual: str) -> str:
    given = query.get(name, "")
    return given if given in offered else usual


def _shown(place: int, course: Course, found: Trends, by: str) -> Shown:
    name = found.sources.get(course.key, "A source that was deleted") if by == "source" else target_name(course.key)
    step = "week" if found.is_weekly else "day"
    samples = [_sample(day, course) for day in found.steps]
    head = ("Week from (UTC)" if found.is_weekly else "Day (UTC)", "Passed, per cent, and 95 % interval", "From")
    title = f"{name}: passed by {step}"
    return Shown(name, course.whole.rate, line(key=f"trend-{place}", title=title, samples=samples, least=ALL_OF_IT, head=head))


def _sample(day: date, course: Course) -> Sample:
    counted = course.steps.get(day)
    rate = counted.rate if counted else None
    if rate is None:
        return Sample(day_name(day), None)
    return Sample(day_name(day), 100 * rate.value, 100 * rate.low, 100 * rate.high, f"{rate.passed} of {rate.n}")


def target_name(key: str) -> str:
    """`openai/gpt-4.1` of `text:openai:gpt-4.1`."""
    _, _, rest = key.partition(":")
    return rest.replace(":", "/", 1) or key
