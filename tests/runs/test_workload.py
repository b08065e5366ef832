"""What there is to do and who does it: counts of what is alive, and sums that do not read history again."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs import services, workload
from runs.models import CallTally, EvalRun, Worker
from runs.states import Status
from tests import factories

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
GPT_AGENT = ("openai", "openai/gpt-4o", "agent")


def worker(*, seen: timedelta = timedelta(0), **columns: Any) -> Worker:
    now = timezone.now()
    values = {"kind": "drain", "host": "one", "pid": 7, "started_at": now - MINUTE, "seen_at": now - seen}
    return Worker.objects.create(**{**values, **columns})


def tallied(project: Project, *, days_ago: int = 0, **columns: Any) -> CallTally:
    day = datetime.now(UTC).date() - timedelta(days=days_ago)
    values = {"model": "openai/gpt-4o", "purpose": "agent", "calls": 2, "input_tokens": 10, "output_tokens": 5, "price_usd": Decimal("0.5")}
    return CallTally.objects.create(**{"project": project, "day": day, **values, **columns})


def waiting(project: Project, *, since: timedelta) -> EvalRun:
    run = factories.run(project=project)
    EvalRun.objects.filter(pk=run.pk).update(updated_at=timezone.now() - since)
    return run


def test_the_load_counts_what_waits_and_what_is_worked_on(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    project, now = factories.project(), timezone.now()
    waiting(project, since=2 * MINUTE)
    factories.run(project=project, status=Status.RUNNING, lease_expires_at=now + MINUTE)
    factories.run(project=project, status=Status.RUNNING, lease_expires_at=now - MINUTE)
    factories.run(project=project, status=Status.COMPLETED)
    with django_assert_num_queries(3):
        found = workload.load()
    assert (found.pending, found.running, found.held, found.silent) == (1, 2, 1, 1)
    assert found.oldest_pending_seconds == pytest.approx(120, abs=5)


def test_a_run_that_was_resumed_has_waited_since_then_only() -> None:
    run = waiting(factories.project(), since=3 * MINUTE)
    EvalRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(days=7))
    assert workload.load().oldest_pending_seconds == pytest.approx(180, abs=5)


def test_nothing_waits_where_nothing_is() -> None:
    assert workload.load() == workload.Load(0, 0, 0.0, 0, 0)


def test_it_reads_what_is_alive_and_no_history() -> None:
    """Plans are asked for with parameters, as the statements are run: with values written out SQLite proves more than it can then."""
    factories.run(project=factories.project())
    asked: list[tuple[str, Any]] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        workload.load()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # a table of one row is read whole, whatever the index
        assert len(asked) == 3
        for sql, params in asked:
            cursor.execute(f"EXPLAIN {'QUERY PLAN' if connection.vendor == 'sqlite' else ''} {sql}", params)
            plan = "\n".join(str(row) for row in cursor.fetchall())
            assert "run_claim" in plan, sql
            assert "SCAN runs_evalrun" not in plan, sql


def test_a_run_that_nobody_holds_any_more_is_silent() -> None:
    project = factories.project()
    run = factories.run(project=project, status=Status.RUNNING)
    assert workload.load().silent == 1
    assert workload.runs_silent(project) == [run]


def test_a_worker_is_seen_for_a_minute_after_it_spoke() -> None:
    gone = worker(seen=2 * MINUTE)
    assert not workload.worker_is_seen()
    assert workload.workers_seen() == []
    here = worker(seen=timedelta(seconds=30))
    assert workload.worker_is_seen()
    assert workload.workers_seen() == [here]
    assert gone != here


def test_calls_of_a_project_are_its_own_and_since_a_day(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    project = factories.project()
    tallied(project)
    tallied(project, shard=1, failed=1, retries=1, unpriced=1)
    tallied(project, days_ago=3)
    tallied(factories.project())
    today = datetime.now(UTC).date()
    with django_assert_num_queries(1):
        found = workload.calls_since(project, today)
    assert found == workload.Calls(4, 1, 1, 1, 20, 10, Decimal(1))
    assert found.tokens == 30
    assert workload.calls_since(project, today - timedelta(days=6)).calls == 6


def test_a_project_that_asked_for_nothing_has_zeros() -> None:
    assert workload.calls_since(factories.project(), date(2026, 1, 1)) == workload.Calls()


def test_totals_add_up_all_days_but_read_the_old_ones_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    project = factories.project()
    tallied(project, days_ago=40)
    tallied(project, days_ago=40, purpose="judge")
    recent = tallied(project)
    totals = workload.Totals()
    with django_assert_num_queries(2):
        first = totals.now()
    assert first[GPT_AGENT].calls == 4
    assert first["openai", "openai/gpt-4o", "judge"].price_usd == Decimal("0.5")
    CallTally.objects.filter(pk=recent.pk).update(calls=5)
    with django_assert_num_queries(1):
        assert totals.now()[GPT_AGENT].calls == 7


@pytest.mark.parametrize("deleted", [Project.delete, lambda project: Project.objects.filter(pk=project.pk).delete()], ids=["row", "query"])
def test_what_a_project_spent_stays_spent_when_it_is_deleted(deleted: Callable[[Project], object]) -> None:
    gone, gone_too, kept = (factories.project() for _ in range(3))  # two that go have the same days, model and purpose
    for project in (gone, gone_too, kept):
        tallied(project, days_ago=40)
        tallied(project)
    seen_before = workload.Totals()
    before = seen_before.now()
    deleted(gone)
    deleted(gone_too)
    assert before[GPT_AGENT].price_usd == 3
    assert seen_before.now() == workload.Totals().now() == before
    assert workload.calls_since(kept, date(2026, 1, 1)).calls == 4


@pytest.mark.django_db(transaction=True)
def test_rings_are_counted_until_somebody_answers() -> None:
    assert services.queue_depth() == 0
    services.ring()
    assert services.queue_depth() == 1
