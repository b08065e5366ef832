"""Targets that are due: one batch for those that ask the same, once, whatever happened to the clock or to other workers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from runs.batches import schedule
from runs.batches.schedule import first_time, next_time, run_due
from runs.models import Batch, Frequency, Target
from templates_app.models import SourceType
from tests import factories
from tests.support import asked

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 0, 1, tzinfo=UTC)
DUE = datetime(2026, 3, 4, tzinfo=UTC)


def due(project: object, model: str = "demo/agent", **columns: object) -> Target:
    return asked.target(project, model, next_run_at=DUE, **columns)  # type: ignore[arg-type]


def test_it_starts_one_batch_for_all_that_are_due_and_moves_their_times_on() -> None:
    project = factories.project()
    asked.prompts(project, 2)
    daily, weekly = due(project), due(project, "demo/user", frequency=Frequency.WEEKLY)
    later = asked.target(project, "demo/judge", next_run_at=NOW + timedelta(hours=1))
    assert run_due(NOW) == 1
    batch = Batch.objects.get()
    assert (batch.trigger, batch.total, len(batch.targets)) == ("schedule", 4, 2)
    daily.refresh_from_db()
    weekly.refresh_from_db()
    later.refresh_from_db()
    assert (daily.next_run_at, daily.last_run_at, daily.skip_reason) == (DUE + timedelta(days=1), NOW, "")
    assert weekly.next_run_at == DUE + timedelta(days=7)
    assert (later.next_run_at, later.last_run_at) == (NOW + timedelta(hours=1), None)
    assert run_due(NOW) == 0


def test_sources_and_projects_have_batches_of_their_own() -> None:
    first, second = factories.project(), factories.project()
    for project in (first, second):
        pets, tool = asked.source(project, "GET /pets"), asked.source(project, "list", source_type=SourceType.CLI)
        due(project, source_type=SourceType.REST_API, source=pets)
        due(project, source_type=SourceType.CLI, source=tool)
    assert run_due(NOW) == 4
    assert sorted(Batch.objects.values_list("project__name", "source_type")) == sorted(
        (project.name, kind) for project in (first, second) for kind in ("cli", "rest_api")
    )


def test_missed_times_are_not_piled_up() -> None:
    project = factories.project()
    asked.prompts(project, 1)
    target = asked.target(project, next_run_at=DUE - timedelta(days=40), frequency=Frequency.EVERY_OTHER_DAY)
    assert run_due(NOW) == 1
    assert run_due(NOW) == 0
    target.refresh_from_db()
    assert target.next_run_at == DUE + timedelta(days=2)


def test_a_target_says_why_it_was_skipped() -> None:
    project = factories.project()
    target = due(project)
    assert run_due(NOW) == 0
    target.refresh_from_db()
    assert (target.last_skipped_at, target.last_run_at, target.next_run_at) == (NOW, None, DUE + timedelta(days=1))
    assert target.skip_reason.startswith("No active prompts were found")
    asked.prompts(project, 1)
    assert run_due(NOW + timedelta(days=1)) == 1
    target.refresh_from_db()
    assert target.skip_reason == ""


def test_a_spent_budget_is_said() -> None:
    project = factories.project()
    project.monthly_budget_usd, project.at_budget = Decimal("0.00"), "refuse"
    project.save()
    asked.prompts(project, 1)
    target = due(project)
    assert run_due(NOW) == 0
    target.refresh_from_db()
    assert "budget" in target.skip_reason


def test_a_target_that_cannot_be_asked_holds_up_no_other() -> None:
    project = factories.project()
    asked.prompts(project, 1)
    good, gone = due(project), due(project, "departed/model-1")
    assert run_due(NOW) == 1
    assert [target["label"] for target in Batch.objects.get().targets] == ["demo/agent"]
    good.refresh_from_db()
    gone.refresh_from_db()
    assert (gone.next_run_at, gone.last_run_at) == (good.next_run_at, None)
    assert "departed" in gone.skip_reason
    assert good.last_run_at == NOW


@pytest.mark.parametrize("change", [{"enabled": False}, {"frequency": Frequency.MANUAL}])
def test_disabled_and_manual_targets_never_run_by_themselves(change: dict[str, object]) -> None:
    project = factories.project()
    asked.prompts(project, 1)
    due(project, **change)
    assert run_due(NOW) == 0


def test_what_somebody_else_ran_meanwhile_is_left_alone() -> None:
    """Two workers read the same target; the second finds under its lock that the time has moved."""
    project = factories.project()
    asked.prompts(project, 1)
    due(project)
    [group] = list(schedule._groups(NOW))
    assert run_due(NOW) == 1
    assert schedule._run(group, NOW) == 0
    assert Batch.objects.count() == 1


def test_a_broken_group_holds_up_no_other() -> None:
    broken, sound = factories.project(), factories.project()
    for project in (broken, sound):
        asked.prompts(project, 1)
        due(project)
    Target.objects.filter(project=broken).update(frequency="yearly")
    assert run_due(NOW) == 1
    assert Batch.objects.get().project == sound


def test_times_are_whole_days() -> None:
    assert first_time(NOW) == DUE + timedelta(days=1)
    assert next_time(DUE, Frequency.DAILY, DUE) == DUE + timedelta(days=1)
    assert next_time(DUE, Frequency.WEEKLY, DUE + timedelta(days=15)) == DUE + timedelta(days=21)


def test_looking_for_due_targets_reads_only_those() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite: PostgreSQL reads a small table whole, whatever the indexes are")
    rows = Target.objects.filter(enabled=True, next_run_at__lte=NOW).order_by("next_run_at")
    assert "target_due" in rows.explain()
