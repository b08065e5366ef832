"""Pass rates over time, by target and by source."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.batches.trends import kinds_with_results, trends
from tests import batch_factories, factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 20)


@pytest.fixture
def project() -> Project:
    return factories.project()


def tried(project: Project, *, days_ago: int, passed: bool | None = True, model: str = "openai/m") -> None:
    batch = batch_factories.batch(project=project, subjects=("GET /a",), targets=(model,))
    at = datetime(2026, 3, 20, 23, 59, tzinfo=UTC) - timedelta(days=days_ago)
    batch_factories.trial(batch=batch, passed=passed, finished_at=at)


def test_rates_are_by_day_and_target(project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for passed in (True, True, False):
        tried(project, days_ago=0, passed=passed)
    tried(project, days_ago=6)
    tried(project, days_ago=7)  # before the window
    tried(project, days_ago=1, passed=None)  # nobody judged
    tried(project, days_ago=2, model="demo/agent", passed=False)
    tried(factories.project(), days_ago=0)
    with django_assert_num_queries(2):
        found = trends(project=project, source_type="rest_api", by="target_key", today=TODAY, days=7)
    assert found.steps == [TODAY - timedelta(days=ago) for ago in range(6, -1, -1)]
    assert [(course.key, course.whole.passed, course.whole.n) for course in found.courses] == [
        ("text:openai:m", 3, 4),
        ("text:demo:agent", 0, 1),
    ]
    assert {day.isoformat(): (step.passed, step.n) for day, step in found.courses[0].steps.items()} == {
        "2026-03-20": (2, 3),
        "2026-03-14": (1, 1),
    }


def test_a_long_window_is_in_weeks_the_last_of_which_ends_today(project: Project) -> None:
    tried(project, days_ago=6)
    tried(project, days_ago=7, passed=False)
    tried(project, days_ago=89)
    found = trends(project=project, source_type="rest_api", by="target_key", today=TODAY, days=90)
    assert found.is_weekly
    assert (len(found.steps), found.steps[-1], found.steps[0]) == (13, date(2026, 3, 14), date(2025, 12, 21))
    [course] = found.courses
    assert {day: (step.passed, step.n) for day, step in course.steps.items()} == {
        date(2026, 3, 14): (1, 1),
        date(2026, 3, 7): (0, 1),
        date(2025, 12, 21): (1, 1),
    }


def test_kinds_with_results_are_those_in_which_something_passed_or_failed(project: Project) -> None:
    assert kinds_with_results(project) == []
    tried(project, days_ago=0)
    assert kinds_with_results(project) == ["rest_api"]
