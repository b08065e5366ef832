"""Batches on the overview: what is on has a row a batch and no row a child; what is over has its pass rate."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.on_now import now
from runs.states import Status
from tests import batch_factories, factories
from tests.runs.web.overviewed import text
from tests.runs.web.test_overview import MOST_QUERIES


def test_a_running_batch_is_one_row_with_its_bar_and_single_runs_are_counted_beside(owner: Client, project: Project) -> None:
    batch = batch_factories.batch(project=project, name="Nightly", status=Status.RUNNING, dispatched=4)
    batch_factories.trial(batch=batch, subject=0)
    for place in range(3):
        batch_factories.trial(batch=batch, subject=(place + 1) // 2, target=(place + 1) % 2, status=Status.RUNNING, passed=None)
    factories.run(project=project, status=Status.RUNNING)
    factories.run(project=project, status=Status.PENDING)
    shown = owner.get("/overview/now").content
    assert "1 batch; single runs: 1 running, 1 waiting" in text(shown)
    assert f'href="/batches/{batch.pk}/"' in shown.decode()
    assert "1 completed, 3 running of 4" in shown.decode()
    assert "1 / 4" in text(shown)
    assert shown.count(b"<li>") == 3
    assert b'hx-trigger="every 3s"' in shown


def test_waiting_children_are_no_single_runs(project: Project) -> None:
    batch = batch_factories.batch(project=project, status=Status.RUNNING, dispatched=4)
    for place in range(4):
        batch_factories.trial(batch=batch, subject=place // 2, target=place % 2, status=Status.PENDING, passed=None)
    found = now(project=project)
    assert (list(found.runs), found.running, found.waiting, found.more) == ([], 0, 0, 0)


def test_more_batches_than_fit_are_said_to_be_there(owner: Client, project: Project) -> None:
    for _ in range(9):
        batch_factories.batch(project=project, status=Status.PENDING, started_at=None)
    shown = text(owner.get("/overview/now").content)
    assert "8 and more batches" in shown
    assert "More batches" in shown


def test_the_newest_batches_that_are_over_have_their_pass_rate(owner: Client, project: Project) -> None:
    overall = {"passed": 3, "judged": 4, "scored": 0, "mean_score": None, "cost_usd": "0", "unpriced_calls": 0}
    for number in range(6):
        batch_factories.batch(project=project, name=f"Batch {number}", summary={"overall": overall})
    batch_factories.batch(project=project, name="Under way", status=Status.RUNNING)
    shown = text(owner.get("/").content)
    recent = shown[shown.index("Recent batches") :]
    assert "Batch 5" in recent
    assert "Batch 1" in recent
    assert "Batch 0" not in recent
    assert "Under way" not in recent
    assert "passed 75 %" in recent


def test_a_project_without_batches_is_shown_nothing_of_them(owner: Client, project: Project) -> None:
    factories.run(project=project, status=Status.RUNNING)
    batch_factories.batch(project=factories.project(), name="Theirs")
    batch_factories.batch(project=factories.project(), name="Theirs too", status=Status.RUNNING)
    shown = text(owner.get("/").content)
    assert "ecent batches" not in shown
    assert "single runs:" not in shown
    assert "Theirs" not in shown


@pytest.mark.parametrize("status", [Status.RUNNING, Status.COMPLETED])
def test_more_batches_cost_no_more_queries(
    owner: Client, project: Project, status: Status, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    factories.run(project=project)
    batch_factories.batch(project=project, status=status)
    with django_assert_max_num_queries(MOST_QUERIES) as few:
        owner.get("/")
    for _ in range(6):
        batch_factories.batch(project=project, status=status)
    with django_assert_max_num_queries(MOST_QUERIES) as many:
        assert owner.get("/").status_code == 200
    assert len(few.captured_queries) == len(many.captured_queries)
