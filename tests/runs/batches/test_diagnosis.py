"""The failures of a window: what counts as one, how they are grouped, and that queries do not grow with them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.batches.diagnosis import diagnose
from runs.models import Batch
from tests import factories
from tests.batch_factories import batch, finished_batch, trial

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=400)


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def made(project: Project) -> Batch:
    return batch(project=project, subjects=("GET /pets", "POST /pets"), targets=("openai/gpt", "demo/agent"))


def test_an_empty_project_has_no_rate(project: Project) -> None:
    found = diagnose(project=project, since=LONG_AGO, examples=5)
    assert (found.total, found.failed, found.passed, found.failure_rate) == (0, 0, 0, None)
    assert (list(found.patterns), list(found.examples)) == ([], [])


def test_it_groups_failures_by_their_weightiest_reason(project: Project, made: Batch) -> None:
    checks = [{"key": "method", "passed": True, "detail": "fine"}, {"key": "path", "passed": False, "detail": "It went to /pet."}]
    first = trial(batch=made, subject=0, target=0, passed=False, reasons=["wrong_path", "auth"], details={"checks": checks})
    second = trial(batch=made, subject=0, target=1, passed=False, reasons=["wrong_path"])
    trial(batch=made, subject=1, target=0, passed=False, reasons=["auth"])
    trial(batch=made, subject=1, target=1)
    found = diagnose(project=project, since=LONG_AGO)
    assert (found.total, found.failed, found.passed, found.failure_rate) == (4, 3, 1, 0.75)
    path, auth = found.patterns
    assert (path.reason, path.label, path.count, round(path.share, 3), path.severity) == ("wrong_path", "Wrong path", 2, 0.667, "high")
    assert path.description == "The request goes to another path than the operation's."
    assert (auth.reason, auth.count) == ("auth", 1)
    assert list(path.said) == ["It went to /pet."]
    assert [(each.label, each.count) for each in path.endpoints] == [("GET /pets", 2)]
    assert sorted(path.models) == ["agent", "gpt"]
    assert set(path.run_ids) == {first.pk, second.pk}
    assert [(each.label, each.count) for each in found.endpoints] == [("GET /pets", 2), ("POST /pets", 1)]
    assert [(each.platform, each.label, each.count) for each in found.models] == [("openai", "gpt", 2), ("demo", "agent", 1)]


def test_what_could_not_be_carried_out_is_a_failure_and_what_was_cancelled_is_none(project: Project, made: Batch) -> None:
    error = {"error": {"code": "model_error", "message": "The provider answered 500."}}
    trial(batch=made, subject=0, target=0, passed=None, status="failed", reasons=["model_error"], details=error)
    trial(batch=made, subject=0, target=1, passed=None, status="cancelled", reasons=["cancelled"])
    trial(batch=made, subject=1, target=0, passed=None)
    trial(batch=made, subject=1, target=1, status="pending")
    found = diagnose(project=project, since=LONG_AGO)
    assert (found.total, found.failed, found.passed) == (2, 1, 0)
    assert [(each.reason, list(each.said)) for each in found.patterns] == [("model_error", ["The provider answered 500."])]


def test_a_failure_without_a_reason_is_unexplained(project: Project, made: Batch) -> None:
    trial(batch=made, passed=False)
    assert [each.reason for each in diagnose(project=project, since=LONG_AGO).patterns] == ["unexplained"]


def test_only_the_window_counts_and_only_this_project(project: Project, made: Batch) -> None:
    trial(batch=made, subject=0, passed=False, reasons=["auth"], finished_at=timezone.now() - timedelta(days=3))
    trial(batch=made, subject=1, passed=False, reasons=["auth"])
    finished_batch(project=factories.project())
    finished_batch(project=project, source_type="prompts")
    assert diagnose(project=project, since=timezone.now() - timedelta(days=2)).failed == 1
    assert diagnose(project=project, since=timezone.now() - timedelta(days=4)).failed == 2


def test_examples_are_the_newest_failures(project: Project, made: Batch) -> None:
    now = timezone.now()
    old = trial(batch=made, subject=0, passed=False, reasons=["auth"], finished_at=now - timedelta(hours=1))
    new = trial(batch=made, subject=1, passed=False, reasons=["auth"], finished_at=now)
    trial(batch=made, subject=1, target=1, finished_at=now)
    factories.message(run=new.run, role="user", content="List the pets.")
    found = diagnose(project=project, since=LONG_AGO, examples=2).examples
    assert [each.result.trial.pk for each in found] == [new.pk, old.pk]
    assert found[0].said("user") == "List the pets."
    assert len(diagnose(project=project, since=LONG_AGO, examples=1).examples) == 1


@pytest.mark.parametrize("subjects", [2, 30])
def test_its_queries_do_not_grow(project: Project, subjects: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    finished_batch(project=project, subjects=[f"GET /{number}" for number in range(subjects)])
    with django_assert_num_queries(7):
        diagnose(project=project, since=LONG_AGO, examples=10)
    with django_assert_num_queries(3):
        diagnose(project=project, since=LONG_AGO)
