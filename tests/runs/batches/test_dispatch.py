"""Children out of cells: none twice, none left out, whoever makes them and wherever somebody stopped."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from runs.batches.dispatch import AT_ONCE, MANY, Dispatcher, statistics_renew
from runs.batches.request import PromptsRequest
from runs.batches.services import batch_cancel, batch_create
from runs.batches.tick import Ticker
from runs.models import Batch, EvalRun, Trial
from runs.states import Status
from tests import factories
from tests.support import asked
from tests.support.runs import project_make

pytestmark = pytest.mark.django_db


def created(many: int = 10, name: str = "default") -> Batch:
    project = project_make(name)
    ids = [str(row.pk) for row in asked.prompts(project, many)]
    return batch_create(project=project, request=PromptsRequest(prompt_ids=ids, targets=[asked.AGENT]))


def whole(batch: Batch) -> bool:
    """Whether every cell has exactly one child, of what the cell names."""
    rows = Trial.objects.filter(batch=batch).order_by("position")
    made = [[row.subject_index, row.target_index, row.profile_index] for row in rows]
    return made == batch.cells and EvalRun.objects.filter(batch=batch).count() == batch.total


def test_it_goes_on_where_it_stopped() -> None:
    batch = created()
    assert Dispatcher().step(batch.pk, 0, at_once=4) == 4
    batch.refresh_from_db()
    assert (batch.dispatched, batch.status) == (4, Status.RUNNING)
    assert Dispatcher().step(batch.pk, 4, at_once=100) == 6
    assert whole(batch)


def test_a_second_one_with_an_old_number_makes_nothing() -> None:
    batch = created()
    first, second = Dispatcher(), Dispatcher()
    assert first.step(batch.pk, 0, at_once=4) == 4
    assert second.step(batch.pk, 0, at_once=4) == 0
    assert second.step(batch.pk, 8, at_once=4) == 0
    assert Trial.objects.filter(batch=batch).count() == 4


def test_what_is_not_committed_was_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends between the children and the cursor leaves neither."""
    batch = created()

    def dies(*args: Any, **more: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as at_the_end:
        at_the_end.setattr("django.db.models.query.QuerySet.update", dies)
        with pytest.raises(SystemExit):
            Dispatcher().step(batch.pk, 0)
    assert (Trial.objects.count(), EvalRun.objects.count()) == (0, 0)
    assert Dispatcher().step(batch.pk, 0) == 10


def test_nothing_is_made_of_one_that_was_cancelled_or_deleted() -> None:
    batch, gone = created(), created()
    dispatcher = Dispatcher()
    dispatcher.step(batch.pk, 0, at_once=2)
    dispatcher.step(gone.pk, 0, at_once=2)
    batch_cancel(batch_id=batch.pk, project=batch.project)
    EvalRun.objects.filter(batch=gone).delete()
    gone.delete()
    assert (dispatcher.step(batch.pk, 2), dispatcher.step(gone.pk, 2)) == (0, 0)


def test_batches_take_turns() -> None:
    large, small = created(600), created(10, "another")
    ticker = Ticker()
    ticker.step()
    ticker.step()
    small.refresh_from_db()
    large.refresh_from_db()
    assert (small.dispatched, large.dispatched) == (10, 250)


def test_a_batch_that_is_broken_holds_up_no_other() -> None:
    broken, sound = created(), created(5, "another")
    Batch.objects.filter(pk=broken.pk).update(cells=[["nonsense"]])
    ticker = Ticker()
    for _ in range(3):
        ticker.step()
    sound.refresh_from_db()
    assert sound.dispatched == 5


def test_a_child_carries_the_template_and_the_limit(django_assert_num_queries: Callable[[int], Any]) -> None:
    project = factories.project()
    template = factories.template(project=project)
    asked.prompt(project, template=template)
    batch = batch_create(project=project, request=PromptsRequest(targets=[asked.AGENT]), max_cost_usd=2)  # type: ignore[arg-type]
    Dispatcher().step(batch.pk, 0)
    run = EvalRun.objects.get(batch=batch)
    assert (run.template_id, run.template_snapshot["name"], run.judge_model, run.max_cost_usd) == (
        template.pk,
        template.name,
        "demo/judge",
        2,
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has writers side by side")
def test_many_who_make_children_at_once_make_each_once() -> None:
    batch = created(2000)

    def work() -> None:
        try:
            ticker, idle = Ticker(), 0
            while idle < 3:
                idle = 0 if ticker.step() else idle + 1
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as executor:
        for future in [executor.submit(work) for _ in range(4)]:
            future.result(timeout=60)
    assert whole(batch)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL plans by what it last counted")
def test_a_large_batch_is_counted_for_the_planner_once_it_is_made() -> None:
    statistics_renew()  # what other tests had counted stays when their rows are gone
    batch, dispatcher = created(MANY), Dispatcher()
    for made in range(0, MANY, AT_ONCE):
        assert counted_trials() < MANY
        assert dispatcher.step(batch.pk, made) == AT_ONCE
    assert counted_trials() >= MANY


def counted_trials() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'runs_trial'::regclass")
        return float(cursor.fetchone()[0])
