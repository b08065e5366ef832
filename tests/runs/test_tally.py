"""The database's own count of runs a day, and what lists find with it."""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.models import Count
from django.db.models.functions import TruncDate

from agents.models import Agent
from evalhub.accounts.models import Project
from runs import tally
from runs.models import EvalRun, RunTally
from runs.selectors import run_numbered
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def agent(project: Project) -> Agent:
    return factories.agent(project=project)


def counted(project: Project, scope: uuid.UUID | None = None) -> dict[date, int]:
    return dict(tally.days(project_id=project.pk, scope=scope or project.pk))


def really(**filters: object) -> dict[date, int]:
    """The same, counted from the runs."""
    by_day = EvalRun.objects.filter(**filters).order_by().annotate(day=TruncDate("created_at", tzinfo=UTC))
    return dict(by_day.values_list("day").annotate(Count("id")))


def check(project: Project, *agents: Agent) -> dict[date, int]:
    """The tally of the project and its agents tells the truth. Returns the project's."""
    for agent in agents:
        assert counted(project, agent.pk) == really(project=project, agent=agent)
    assert counted(project) == really(project=project)
    return counted(project)


def runs_make(project: Project, places: Sequence[datetime], agent: Agent) -> list[EvalRun]:
    return [factories.run(project=project, agent=agent, created_at=at) for at in places]


def test_it_counts_runs_that_are_saved_one_by_one_and_in_bulk(project: Project, agent: Agent) -> None:
    other = factories.agent(project=project, name="Nora")
    made = runs_make(project, [NOON, NOON, NOON + timedelta(days=1)], agent)
    copies = [EvalRun(project=project, agent=other, agent_name="Nora", kind=made[0].kind, created_at=NOON) for _ in range(3)]
    EvalRun.objects.bulk_create(copies)
    assert check(project, agent, other) == {date(2026, 3, 4): 1, date(2026, 3, 3): 5}


def test_it_counts_runs_out_however_they_are_deleted(project: Project, agent: Agent) -> None:
    made = runs_make(project, [NOON + timedelta(hours=6 * number) for number in range(8)], agent)
    made[0].delete()
    EvalRun.objects.filter(pk__in=[run.pk for run in made[1:4]]).delete()
    EvalRun.objects.filter(pk=made[4].pk)._raw_delete("default")
    assert sum(check(project, agent).values()) == 3


def test_a_day_begins_at_midnight_utc(project: Project, agent: Agent) -> None:
    midnight = NOON + timedelta(hours=12)
    runs_make(project, [midnight - timedelta(microseconds=1), midnight], agent)
    assert check(project, agent) == {date(2026, 3, 4): 1, date(2026, 3, 3): 1}


def test_it_follows_a_run_that_is_moved_to_another_day_or_agent(project: Project, agent: Agent) -> None:
    other = factories.agent(project=project, name="Nora")
    first, second = runs_make(project, [NOON, NOON], agent)
    EvalRun.objects.filter(pk=first.pk).update(created_at=NOON - timedelta(days=2), agent=other)
    EvalRun.objects.filter(pk=second.pk).update(agent=None)
    second.refresh_from_db()
    second.save()
    assert check(project, agent, other) == {date(2026, 3, 3): 1, date(2026, 3, 1): 1}


def test_a_deleted_agents_runs_stay_counted_under_its_id(project: Project, agent: Agent) -> None:
    runs_make(project, [NOON], agent)
    key = agent.pk
    agent.delete()
    assert counted(project, key) == {date(2026, 3, 3): 1}


def test_a_deleted_project_takes_its_tally_with_it(project: Project, agent: Agent) -> None:
    runs_make(project, [NOON], agent)
    project.delete()
    assert not RunTally.objects.filter(project_id=project.pk).exists()


def test_undoing_its_migration_takes_the_triggers_off_and_migrating_puts_them_back(project: Project, agent: Agent) -> None:
    import_module("runs.migrations.0003_count_runs_by_day").remove_triggers(apps, SimpleNamespace(connection=connection))
    runs_make(project, [NOON, NOON], agent)
    assert counted(project) == {}
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    factories.run(project=project, agent=agent, created_at=NOON)
    assert check(project, agent) == {date(2026, 3, 3): 3}


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_are_all_counted() -> None:
    project = factories.project()
    agents = [factories.agent(project=project, name=f"Mara {number}") for number in range(2)]

    def write(number: int) -> None:
        try:
            made = runs_make(project, [NOON + timedelta(days=day) for day in range(3)], agents[number % 2])
            made[0].delete()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as writers:
        list(writers.map(write, range(8)))
    assert check(project, *agents) == {date(2026, 3, 5): 8, date(2026, 3, 4): 8}


@pytest.mark.parametrize("hours", [0, 1, 5, 24, 60])
def test_every_place_of_a_list_is_found_from_either_side(project: Project, agent: Agent, hours: int) -> None:
    """Everything in one moment, many runs a day, and days without any; a page may reach over several days."""
    runs_make(project, [NOON + timedelta(hours=hours * number) for number in range(13)], agent)
    runs_make(factories.project(), [NOON], factories.agent(project=factories.project()))
    everything = list(EvalRun.objects.of(project).values_list("created_at", "id"))
    for first in range(15):
        for size in (1, 2, 5, 13, 20):
            found = run_numbered(project=project, agent_id=agent.pk, first=first, size=size)
            assert found == (everything[first : first + size], 13)


def test_a_place_in_the_middle_skips_at_most_half_a_day(project: Project, agent: Agent) -> None:
    days = [(date(2026, 3, 9), 10), (date(2026, 3, 5), 1000), (date(2026, 3, 1), 10)]
    newer, older = tally.stretch(days, 110, 130), tally.stretch(days, 890, 910)
    assert (newer.skip, newer.from_oldest, newer.midnight.day) == (100, False, 6)
    assert (older.skip, older.from_oldest, older.midnight.day) == (100, True, 5)
