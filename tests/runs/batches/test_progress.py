"""How far a batch is: parts that add up whatever happens, in one statement."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from runs.batches.progress import Progress, batch_progress, batches_progress, stage, with_counts
from runs.models import Batch, EvalRun
from runs.states import Status
from tests import factories
from tests.batch_factories import batch, trial

pytestmark = pytest.mark.django_db


def made(*statuses: str, **columns: Any) -> Batch:
    """A running batch of four cells, with a child for each status."""
    row = batch(project=factories.project(), **({"status": Status.RUNNING, "dispatched": len(statuses)} | columns))
    for position, status in enumerate(statuses):
        trial(batch=row, subject=position // 2, target=position % 2, status=status)
    return row


def test_one_of_four_is_a_quarter() -> None:
    shown = batch_progress(made(Status.COMPLETED, Status.RUNNING).pk)
    assert shown.as_json() == {
        "total": 4,
        "queued": 2,
        "running": 1,
        "completed": 1,
        "failed": 0,
        "cancelled": 0,
        "interrupted": 0,
        "percent": 25.0,
    }


def test_what_is_not_made_yet_is_queued_and_cancelled_with_the_batch() -> None:
    row = made(Status.COMPLETED)
    assert batch_progress(row.pk).queued == 3
    Batch.objects.update(cancel_requested_at=timezone.now())
    shown = batch_progress(row.pk)
    assert (shown.queued, shown.cancelled, shown.percent) == (0, 3, 100.0)


def test_children_that_were_deleted_stay_counted() -> None:
    row = made(Status.FAILED, Status.COMPLETED, Status.INTERRUPTED, Status.CANCELLED)
    before = batch_progress(row.pk)
    for child in EvalRun.objects.filter(batch=row):
        child.delete()
        assert batch_progress(row.pk) == before
    assert before == Progress(total=4, failed=1, completed=1, interrupted=1, cancelled=1)


@pytest.mark.parametrize(
    ("finished", "total", "percent"), [(0, 3, 0.0), (1, 3, 33.3), (2, 3, 66.6), (9999, 10000, 99.9), (7, 7, 100.0), (0, 0, 100.0)]
)
def test_it_says_100_only_when_all_are_over(finished: int, total: int, percent: float) -> None:
    assert Progress(total=total, completed=finished, queued=total - finished).percent == percent


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"status": Status.PENDING, "dispatched": 0}, "queued"),
        ({"status": Status.RUNNING, "dispatched": 2}, "dispatching"),
        ({"status": Status.RUNNING, "dispatched": 4}, "running"),
        ({"status": Status.RUNNING, "dispatched": 2, "cancel_requested_at": timezone.now()}, "running"),
        ({"status": Status.SUMMARIZING, "dispatched": 4}, "summarizing"),
        ({"status": Status.COMPLETED, "dispatched": 4}, "done"),
    ],
)
def test_a_stage_says_what_is_going_on(columns: dict[str, Any], name: str) -> None:
    assert stage(made(**columns)) == name


def test_any_number_of_batches_takes_one_statement(django_assert_num_queries: Any) -> None:
    rows = [made(Status.COMPLETED), made(Status.FAILED, Status.RUNNING)]
    with django_assert_num_queries(1):
        shown = batches_progress([row.pk for row in rows])
    assert [shown[row.pk].finished for row in rows] == [1, 1]
    unknown = factories.project().pk
    with django_assert_num_queries(1):
        assert batch_progress(unknown) == Progress()


def test_it_counts_by_the_index_alone() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite: PostgreSQL reads a small table whole, whatever the indexes are")
    plan = with_counts(Batch.objects.filter(pk=made().pk)).values("pk", "children_failed").explain()
    assert "COVERING INDEX run_by_batch" in plan
