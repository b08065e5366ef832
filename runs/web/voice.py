"""The page of share of voice: how often, how early and by whom our brands are named in answers, and whose pages answers cite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.common.charts import Line, Sample, line
from runs.batches.shares import Voice
from runs.batches.voice import Choice, Found, Topic, Wanted, choice, voice
from runs.web.access import PageRequest, member_required
from runs.web.charts import day_name
from templates_app.models import Brand

WINDOWS = (7, 30, 90)
USUAL = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its name, its figures, and where only its answers are shown."""

    name: str
    voice: Voice
    href: str = ""


@require_GET
@never_cache
@member_required
def voice_page(request: PageRequest) -> HttpResponse:
    """GET ?days=7|30|90&topic=&platform=&demo=1. What is not offered is the usual."""
    project = request.membership.project
    today, days = datetime.now(UTC).date(), _window(request.GET.get("days", ""))
    offered = choice(project=project, today=today, days=days)
    wanted = _wanted(request.GET, offered, today, days)
    found = voice(project=project, wanted=wanted, offered=offered)
    query = _query(wanted, offered)
    context = {
        "found": found,
        "wanted": wanted,
        "offered": offered,
        "window": days,
        "windows": [(window, _href(query | {"days": str(window)})) for window in WINDOWS],
        "other_kind": _href(query | {"demo": "" if wanted.demo else "1"}),
        "hidden": {name: value for name, value in query.items() if name in ("days", "demo")},
        "is_filtered": bool(wanted.topic_id or wanted.platform),
        "all_href": _href(query | {"topic": "", "platform": ""}),
        "step": "day" if wanted.step == 1 else "week",
        "has_own": Brand.objects.filter(project=project, is_own=True).exists(),
    }
    return render(request, "runs/voice.html", context | (_pictures(found, query) if found.whole.answers else {}))


def _window(asked: str) -> int:
    return next((days for days in WINDOWS if str(days) == asked), USUAL)


def _wanted(asked: QueryDict, offered: Choice, today: date, days: int) -> Wanted:
    """Real models where there are answers of any; those of demo models alone, or where they are asked for."""
    demo = bool(offered.demo) and (not offered.real or asked.get("demo") == "1")
    topic = next((topic for topic in offered.topics if topic.key and str(topic.key) == asked.get("topic")), None)
    platform = asked.get("platform", "")
    return Wanted(today, days, demo, topic.key if topic else None, platform if platform in offered.platforms else "")


def _query(wanted: Wanted, offered: Choice) -> dict[str, str]:
    """The address of what is shown. `demo` stands in it only where there is something else to see."""
    return {
        "days": "" if wanted.days == USUAL else str(wanted.days),
        "topic": str(wanted.topic_id or ""),
        "platform": wanted.platform,
        "demo": "1" if wanted.demo and offered.real else "",
    }


def _href(query: Mapping[str, str]) -> str:
    given = {name: value for name, value in query.items() if value and (name, value) != ("days", str(USUAL))}
    return f"?{urlencode(given)}"


def _pictures(found: Found, query: Mapping[str, str]) -> dict[str, Any]:
    weekly = found.wanted.step > 1
    when = "Week from (UTC)" if weekly else "Day (UTC)"
    step = "week" if weekly else "day"
    return {
        "rate_chart": _line("rate", f"Answers that name us, by {step}", [_rate(day, one) for day, one in found.steps.items()], when),
        "share_chart": _line("share", f"Share of voice by {step}", [_share(day, one) for day, one in found.steps.items()], when),
        "platforms": [Row(name, one, _href({**query, "platform": name})) for name, one in found.platforms.items()],
        "topics": [_topic_row(topic, one, query) for topic, one in found.topics.items()],
    }


def _topic_row(topic: Topic, figures: Voice, query: Mapping[str, str]) -> Row:
    return Row(topic.name, figures, _href({**query, "topic": str(topic.key)}) if topic.key else "")


def _line(key: str, title: str, samples: Sequence[Sample], when: str) -> Line:
    return line(key=f"voice-{key}", title=title, samples=samples, head=(when, "Per cent", "From"))


def _rate(day: date, figures: Voice) -> Sample:
    rate = figures.rate
    if rate is None:
        return Sample(day_name(day), None)
    return Sample(day_name(day), 100 * rate.value, 100 * rate.low, 100 * rate.high, f"{rate.passed} of {rate.n} answers")


def _share(day: date, figures: Voice) -> Sample:
    share = figures.share
    if share is None:
        return Sample(day_name(day), None, note="no brand mentioned" if figures.answers else "")
    return Sample(day_name(day), 100 * share, note=f"{figures.own} of {figures.total} mentions")
