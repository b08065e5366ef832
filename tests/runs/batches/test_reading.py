"""Lists of batches: filters, pages, states and figures, with as many queries for one batch as for many."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.batches import reading
from runs.batches.reading import Wanted
from runs.batches.summary import summarize
from runs.models import Batch
from runs.states import Status
from tests import batch_factories, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project()


def names(project: Project, **wanted: object) -> list[str]:
    return [batch.name for batch in reading.batch_list(project=project, wanted=Wanted(**wanted))]  # type: ignore[arg-type]


def test_filters_leave_what_has_all_of_them(project: Project) -> None:
    batch_factories.batch(project=project, name="one", trigger="page")
    batch_factories.batch(project=project, name="two", source_type="prompts", status=Status.FAILED)
    batch_factories.batch(project=factories.project(), name="of others")
    assert names(project) == ["two", "one"]
    assert names(project, status="failed") == ["two"]
    assert names(project, source_type="rest_api") == ["one"]
    assert names(project, trigger="page", status="completed") == ["one"]
    assert names(project, text="pet STORE") == ["one"]
    assert names(project, since=timezone.now() + timedelta(days=1)) == []
    assert names(project, before=timezone.now() + timedelta(days=1)) == ["two", "one"]


def test_states_are_of_children_that_are_made_and_of_those_that_are_not(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    running = batch_factories.batch(project=project, subjects=("a", "b", "c"), targets=("demo/agent",), status=Status.RUNNING)
    batch_factories.trial(batch=running, subject=0)
    batch_factories.trial(batch=running, subject=1, status=Status.RUNNING)
    Batch.objects.filter(pk=running.pk).update(dispatched=2)
    other = batch_factories.finished_batch(project=project)
    with django_assert_num_queries(1):
        found = reading.states([running, other])
    states = found[running.pk]
    assert (states.told, states.percent, states.done) == ("1 completed, 1 running, 1 queued of 3", 33, 1)
    assert [(part.status, part.start, part.share) for part in states.parts] == [
        ("completed", 0.0, 33.333),
        ("running", 33.333, 33.333),
        ("pending", 66.667, 33.333),
    ]
    assert found[other.pk].percent == 100


def test_figures_are_the_same_out_of_the_summary_and_out_of_the_children(
    project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    batch = batch_factories.finished_batch(project=project)
    counted = reading.figures([batch])[batch.pk]
    assert (counted.passed, counted.decided, counted.scored, counted.score, counted.cost_usd) == (3, 4, 4, 72.5, Decimal("0.008"))
    Batch.objects.filter(pk=batch.pk).update(summary=summarize(batch.pk))
    listed = list(reading.batch_list(project=project))
    with django_assert_num_queries(0):
        told = reading.known_figures(listed)[batch.pk]
    assert told == counted


def test_figures_of_nothing_are_nothing(project: Project) -> None:
    batch = batch_factories.batch(project=project)
    assert reading.figures([batch])[batch.pk] == reading.NOTHING
    assert reading.NOTHING.rate is None
