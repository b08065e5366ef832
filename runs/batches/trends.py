"""Pass rates over time: of one kind of source, by target or by source, from trials that ended in a window of days (UTC)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from evalhub.accounts.models import Project
from evalhub.common.statistics import Rate, rate_of
from runs import trial_tally
from runs.batches.steps import Steps
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
    """Which kinds of source have a trial that passed or failed. One query."""
    known = trial_tally.kinds(project_id=project.pk)
    return [kind for kind in SourceType.values if kind in known]


def trends(*, project: Project, source_type: str, by: By, today: date, days: int) -> Trends:
    """Two queries: the counts, which the database keeps added up, and the names of sources."""
    first, length = today - timedelta(days=days - 1), WEEK if days >= WEEKLY_FROM else 1
    steps = Steps(first, today, length)
    courses: dict[str, Course] = defaultdict(lambda: Course(""))
    for key, day, n, passed in trial_tally.passed_by_day(project_id=project.pk, source_type=source_type, by=by, first=first):
        course = courses[key]
        course.key = key
        course.steps.setdefault(steps.of(day), Counted()).add(n, passed)
        course.whole.add(n, passed)
    ordered = sorted(courses.values(), key=lambda course: (-course.whole.n, course.key))
    return Trends(steps.days, length > 1, ordered, _names(project, source_type))


def _names(project: Project, source_type: str) -> dict[str, str]:
    return {str(key): label for key, label in ApiSource.objects.filter(project=project, source_type=source_type).values_list("pk", "label")}
