"""Pass rates over time: of one kind of source, by target or by source, from trials that ended in a window of days (UTC)."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from evalhub.accounts.models import Project
from evalhub.common.statistics import Rate, rate_of
from runs.models import Trial
from templates_app.models import ApiSource, SourceType

By = Literal["target_key", "source_id"]
WEEKLY_FROM = 60  # days
WEEK = 7


@dataclass(slots=True)
class Counted:
    """Trials that were decided, and how many of them passed."""

    n: int = 0
    passed: int = 0

    def add(self, n: int, passed: int) -> None:
        self.n += n
        self.passed += passed

    @property
    def rate(self) -> Rate | None:
        return rate_of(self.passed, self.n)


@dataclass(slots=True)
class Course:
    """One target or source: its rate in each step of the window, and over all of it. `key` is what the trials say of it."""

    key: str
    steps: dict[date, Counted] = field(default_factory=dict)
    whole: Counted = field(default_factory=Counted)


@dataclass(frozen=True, slots=True)
class Trends:
    """`steps` are first days of days or weeks; `courses` those with the most trials first."""

    steps: Sequence[date]
    is_weekly: bool
    courses: Sequence[Course]
    sources: Mapping[str, str]


def kinds_with_results(project: Project) -> list[str]:
    """Which kinds of source have a trial that passed or failed. A look into an index for each of the five."""
    ended = Trial.objects.filter(project=project, finished_at__isnull=False, passed__isnull=False)
    return [kind for kind in SourceType.values if ended.filter(source_type=kind).exists()]


def trends(*, project: Project, source_type: str, by: By, today: date, days: int) -> Trends:
    """Two queries: the counts, which the database adds up, and the names of sources."""
    first, length = today - timedelta(days=days - 1), WEEK if days >= WEEKLY_FROM else 1
    steps = _steps(first, today, length)
    courses: dict[str, Course] = defaultdict(lambda: Course(""))
    for key, day, n, passed in _counts(project, source_type, by, first):
        course = courses[str(key)]
        course.key = str(key)
        step = steps[max(len(steps) - 1 - (today - day).days // length, 0)]
        course.steps.setdefault(step, Counted()).add(n, passed)
        course.whole.add(n, passed)
    ordered = sorted(courses.values(), key=lambda course: (-course.whole.n, course.key))
    return Trends(steps, length > 1, ordered, _names(project, source_type))


def _steps(first: date, last: date, length: int) -> list[date]:
    """First days, so that the last step ends today."""
    found = []
    day = last
    while day >= first:
        found.append(max(day - timedelta(days=length - 1), first))
        day -= timedelta(days=length)
    return found[::-1]


def _counts(project: Project, source_type: str, by: By, first: date) -> Sequence[tuple[str | uuid.UUID | None, date, int, int]]:
    since = datetime.combine(first, time.min, UTC)
    ended = Trial.objects.filter(project=project, source_type=source_type, finished_at__gte=since, passed__isnull=False).order_by()
    grouped = ended.annotate(day=TruncDate("finished_at")).values_list(by, "day")
    return list(grouped.annotate(n=Count("pk"), passed_n=Count("pk", filter=Q(passed=True))))


def _names(project: Project, source_type: str) -> dict[str, str]:
    return {str(key): label for key, label in ApiSource.objects.filter(project=project, source_type=source_type).values_list("pk", "label")}
