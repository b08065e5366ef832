"""The database's own count of runs a day, and what lists find with it."""

import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import TruncDate

from agents.models import Agent
from evalhub.accounts.models import Project
from runs import tally
from runs.models import EvalRun
from runs.selectors import run_numbered
from runs.triggers import RUNS
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def agent(project: Project) -> Agent:
    return factories.agent(project=project)


def counted(project: Project, agent_id: uuid.UUID | None = None) -> dict[date, int]:
    return dict(tally.days(project_id=project.pk, agent_id=agent_id))


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


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {tally.TALLY}")
        return int(cursor.fetchone()[0])


def test_a_deleted_project_takes_its_tally_with_it(project: Project, agent: Agent) -> None:
    before = rows()
    runs_make(project, [NOON, NOON + timedelta(days=1)], agent)
    assert rows() == before + 4
    project.delete()
    assert rows() == before


def test_an_agent_whose_id_is_the_projects_is_counted_by_itself(project: Project, agent: Agent) -> None:
    twin = factories.agent(project=project, name="Twin", id=project.pk)
    runs_make(project, [NOON], agent)
    assert (counted(project, twin.pk), run_numbered(project=project, agent_id=project.pk, first=0, size=5)) == ({}, ([], 0))
    made = runs_make(project, [NOON, NOON], twin)
    assert check(project, agent, twin) == {date(2026, 3, 3): 3}
    made[0].delete()
    EvalRun.objects.filter(pk=made[1].pk).update(agent=agent)
    assert check(project, agent, twin) == {date(2026, 3, 3): 2}


def migrated() -> None:
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


@pytest.mark.parametrize(
    ("number", "undo"), [("0003_count_runs_by_day", "remove_triggers"), ("0004_count_beside_the_models", "remove_tally")]
)
def test_undoing_a_migration_takes_the_triggers_off_and_migrating_puts_them_back(
    project: Project, agent: Agent, number: str, undo: str
) -> None:
    getattr(import_module(f"runs.migrations.{number}"), undo)(apps, SimpleNamespace(connection=connection))
    runs_make(project, [NOON, NOON], agent)
    assert tally.TALLY not in connection.introspection.table_names()
    migrated()
    factories.run(project=project, agent=agent, created_at=NOON)
    assert check(project, agent) == {date(2026, 3, 3): 3}


def test_triggers_of_an_older_version_are_replaced_and_the_runs_counted_anew(project: Project, agent: Agent) -> None:
    factories.run(project=project, agent=agent, created_at=NOON)
    with connection.cursor() as cursor:  # what version 1 left where it was installed: its triggers, and none of today's
        tally.remove(connection)
        action = "EXECUTE FUNCTION suppress_redundant_updates_trigger()" if connection.vendor == "postgresql" else "BEGIN SELECT 1; END"
        cursor.execute(f"CREATE TRIGGER run_tally_come BEFORE UPDATE ON {RUNS} FOR EACH ROW {action}")
    migrated()
    factories.run(project=project, agent=agent, created_at=NOON)
    assert check(project, agent) == {date(2026, 3, 3): 2}
    assert "run_tally_come" not in tally.KEPT.triggers(connection)


def test_migrating_again_does_not_count_again(project: Project, agent: Agent) -> None:
    runs_make(project, [NOON], agent)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {tally.TALLY} SET runs = 7")
    migrated()
    assert counted(project) == {date(2026, 3, 3): 7}


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_everything_can_be_loaded_into_an_empty_installation(tmp_path: Path) -> None:
    project = factories.project()
    agents = [factories.agent(project=project, name=name) for name in ("Mara", "Nora")]
    for made in agents:
        runs_make(project, [NOON, NOON, NOON + timedelta(days=1)], made)
    everything = check(project, *agents)
    call_command("dumpdata", "accounts", "agents", "templates_app", "runs", output=str(tmp_path / "all.json"))
    call_command("flush", interactive=False, verbosity=0)
    assert (EvalRun.objects.count(), counted(project), rows()) == (0, {}, 0)
    call_command("loaddata", str(tmp_path / "all.json"), verbosity=0)
    assert check(project, *agents) == everything == {date(2026, 3, 4): 2, date(2026, 3, 3): 4}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_emptied_at_once_counts_nothing() -> None:
    project = factories.project()
    runs_make(project, [NOON, NOON], factories.agent(project=project))
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {RUNS} CASCADE")
    assert (counted(project), rows()) == ({}, 0)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has schemas")
def test_another_installation_in_a_schema_of_the_same_database_counts_its_own_runs(project: Project, agent: Agent) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA elsewhere")
        cursor.execute(f"CREATE TABLE elsewhere.{RUNS} (LIKE public.{RUNS} INCLUDING DEFAULTS)")
        cursor.execute("SET LOCAL search_path TO elsewhere, public")
        migrated()
        runs_make(project, [NOON, NOON], agent)
        assert check(project, agent) == {date(2026, 3, 3): 2}
        cursor.execute("SET LOCAL search_path TO public")
        assert counted(project) == {}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has writers side by side")
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_writer_that_takes_long() -> None:
    """Each of two transactions holds what it has counted and counts the other's days; neither waits, so neither order is a deadlock."""
    project = factories.project()
    agent = factories.agent(project=project)
    old = runs_make(project, [NOON, NOON + timedelta(days=1)], agent)

    def meanwhile() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout TO '2s'")
                runs_make(project, [NOON + timedelta(days=1), NOON], agent)
                old[1].delete()
        finally:
            connection.close()

    with transaction.atomic():
        runs_make(project, [NOON, NOON + timedelta(days=1)], agent)
        old[0].delete()
        with ThreadPoolExecutor(1) as other:
            other.submit(meanwhile).result()
    assert check(project, agent) == {date(2026, 3, 4): 2, date(2026, 3, 3): 2}


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
