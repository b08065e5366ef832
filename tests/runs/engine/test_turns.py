"""Whose turn it is: nobody waits for a whole batch, and no batch waits for ever."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from runs.batches.request import PromptsRequest
from runs.batches.services import batch_cancel, batch_create
from runs.batches.tick import Ticker
from runs.engine import lease, turns
from runs.models import Batch, EvalRun
from runs.states import Status
from tests.support import asked
from tests.support.runs import project_make, run_make

pytestmark = pytest.mark.django_db


def batch(many: int, name: str = "default") -> Batch:
    """A dispatched batch of so many children."""
    project = project_make(name)
    made = batch_create(
        project=project, request=PromptsRequest(prompt_ids=[str(row.pk) for row in asked.prompts(project, many)], targets=[asked.AGENT])
    )
    while Ticker().step():
        pass
    return made


def claimed(room: int) -> list[EvalRun]:
    ids = [won.run_id for won in lease.claim(room)]
    rows = EvalRun.objects.in_bulk(ids)
    return [rows[key] for key in ids]


def test_a_single_run_does_not_wait_for_an_older_batch() -> None:
    older = batch(40)
    single = run_make()
    first = claimed(4)
    assert single.pk in {run.pk for run in first}
    assert [run.batch_id for run in first].count(older.pk) == 3


def test_a_batch_does_not_wait_for_single_runs_without_end() -> None:
    for _ in range(10):
        run_make()
    younger = batch(10)
    assert [run.batch_id for run in claimed(8)].count(younger.pk) == 4
    assert len(claimed(100)) == 12, "what one side does not need the other gets"


def test_one_free_place_goes_to_either_by_chance() -> None:
    for _ in range(20):
        run_make()
    batch(20)
    kinds = {run.batch_id is None for _ in range(20) for run in claimed(1)}
    assert kinds == {True, False}


def test_batches_share_evenly() -> None:
    large, small = batch(30), batch(3, "another")
    first = claimed(6)
    assert [run.batch_id for run in first].count(small.pk) == 3
    assert [run.batch_id for run in first].count(large.pk) == 3


def test_a_silent_run_goes_first() -> None:
    silent = run_make()
    EvalRun.objects.update(status=Status.RUNNING, lease_expires_at=timezone.now() - timedelta(hours=1), attempt=1)
    run_make()
    assert [run.pk for run in claimed(1)] == [silent.pk]


def test_children_of_a_batch_that_was_cancelled_are_not_begun() -> None:
    made = batch(5)
    batch_cancel(batch_id=made.pk, project=made.project)
    assert claimed(5) == []


def plan(sql: str, *parameters: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql} LIMIT 5", parameters)
        return "\n".join(str(row) for row in cursor.fetchall())


def test_a_claim_reads_by_the_indexes_that_are_there_for_it() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite: PostgreSQL reads a small table whole, whatever the indexes are")
    now = "2026-01-01"
    assert "run_claim_single" in plan(turns.SINGLE)
    assert "run_claim" in plan(turns.SILENT, now, now)
    children = plan(turns.OF_BATCH, batch(1).pk.hex)
    assert "run_by_batch" in children
    assert "TEMP B-TREE" not in children, "ten thousand are not sorted for each claim"
    assert "batch_alive" in plan(turns.GOING_ON.partition("LIMIT")[0])


def test_a_claim_finds_what_waits_and_nothing_else() -> None:
    """The statements are written out; the filters that the rest of the code asks with say the same."""
    now = timezone.now()
    parent = batch(6)
    orphan = EvalRun.objects.filter(batch=parent).order_by("id")[0]
    silent, ahead = now - timedelta(seconds=1), now + timedelta(hours=1)
    for status in Status:
        for expires in (None, silent, ahead, now + timedelta(seconds=30)):
            for attempt in (0, 3):
                EvalRun.objects.filter(pk=run_make().pk).update(status=status, lease_expires_at=expires, attempt=attempt)
    assert set(turns.next_runs(1000, now)) == set(EvalRun.objects.claimable(now).values_list("pk", flat=True))
    EvalRun.objects.filter(batch=None).delete()
    EvalRun.objects.filter(batch=parent).exclude(pk=orphan.pk).update(status=Status.COMPLETED)
    EvalRun.objects.filter(pk=orphan.pk).update(batch="00000000-0000-4000-8000-000000000000")
    assert turns.next_runs(1000, now) == [orphan.pk], "its batch is gone"


def test_a_claim_takes_four_queries_however_many_wait(django_assert_num_queries: object) -> None:
    batch(50)
    run_make()
    with django_assert_num_queries(4):  # type: ignore[operator]
        turns.next_runs(20, timezone.now())
