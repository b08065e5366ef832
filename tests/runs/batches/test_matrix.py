"""The children of a batch as tables: cells, filters, pages, reasons; as many queries for many children as for few."""

import uuid

import pytest
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.batches import matrix
from runs.batches.matrix import Wanted
from runs.models import Batch, BatchSubject, EvalRun, Trial
from runs.states import Status
from tests import batch_factories, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def batch(project: Project) -> Batch:
    """Four operations by two models: the second model fails the second and the fourth."""
    return batch_factories.finished_batch(project=project, subjects=("GET /a", "POST /b", "GET /c", "POST /d"))


def states(found: matrix.Matrix) -> list[list[str]]:
    return [[cell.state for cell in row.cells] for row in found.rows]


def labels(found: matrix.Matrix) -> list[str]:
    return [row.subject.label for row in found.rows]


def test_a_cell_says_what_a_target_made_of_a_subject(batch: Batch, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(3):
        found = matrix.matrix(batch=batch, wanted=Wanted())
    assert labels(found) == ["GET /a", "POST /b", "GET /c", "POST /d"]
    assert states(found) == [["passed", "passed"], ["passed", "failed"], ["passed", "passed"], ["passed", "failed"]]
    assert [cell.value for cell in found.rows[1].cells] == [90.0, 20.0]
    assert [str(row.rate) for row in found.rows][:2] == ["100 % (34 to 100)", "50 % (9 to 91)"]


def test_environments_of_one_cell_are_averaged_and_counted(project: Project) -> None:
    batch = batch_factories.batch(project=project, subjects=("GET /a",), targets=("demo/agent",), profiles=("Staging", "Live"))
    batch_factories.trial(batch=batch, profile=0, passed=True, score=100.0)
    batch_factories.trial(batch=batch, profile=1, passed=False, score=50.0)
    [row] = matrix.matrix(batch=batch, wanted=Wanted()).rows
    assert (row.cells[0].n, row.cells[0].passed, row.cells[0].state, row.cells[0].value) == (2, 1, "mixed", 75.0)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.PENDING, Status.CANCELLED, Status.INTERRUPTED])
def test_a_cell_without_a_verdict_says_how_its_run_stands(project: Project, status: str) -> None:
    batch = batch_factories.batch(project=project, subjects=("GET /a",), targets=("demo/agent", "openai/m"))
    batch_factories.trial(batch=batch, status=status, passed=None)
    [row] = matrix.matrix(batch=batch, wanted=Wanted()).rows
    assert [cell.state for cell in row.cells] == [status, ""]
    assert [cell.value for cell in row.cells] == [None, None]
    assert row.rate is None


def test_an_answer_that_nobody_judges_is_neither_passed_nor_failed(project: Project) -> None:
    batch = batch_factories.batch(project=project, source_type="prompts", subjects=("Which?",), targets=("demo/agent",))
    batch_factories.trial(batch=batch, passed=None)
    [row] = matrix.matrix(batch=batch, wanted=Wanted()).rows
    assert row.cells[0].state == "answered"


def test_filters_leave_subjects_that_have_such_a_child(batch: Batch) -> None:
    writing = BatchSubject.objects.get(batch=batch, index=1).group_id
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(failures=True))) == ["POST /b", "POST /d"]
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(failures=True, target=0))) == []
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(reason="wrong_path"))) == ["POST /b", "POST /d"]
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(reason="timeout"))) == []
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(group=writing))) == ["POST /b", "POST /d"]
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(group=uuid.uuid4()))) == []
    assert labels(matrix.matrix(batch=batch, wanted=Wanted(text="get"))) == ["GET /a", "GET /c"]
    only = matrix.matrix(batch=batch, wanted=Wanted(target=1, subject=3))
    assert (labels(only), [column.label for column in only.columns]) == (["POST /d"], ["openai/gpt-4.1-mini"])


def test_failed_children_come_in_the_order_of_the_batch_page_by_page(
    batch: Batch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        first, more = matrix.children(batch=batch, wanted=Wanted(failures=True), size=1)
        assert [(trial.label, trial.run.status) for trial in first] == [("POST /b", "completed")]
    assert more
    second, more = matrix.children(batch=batch, wanted=Wanted(failures=True), size=1, after=first[0].position)
    assert ([trial.label for trial in second], more) == (["POST /d"], False)


def test_reasons_are_counted_by_the_weightiest_of_each_child_else_by_the_runs_code(project: Project) -> None:
    batch = batch_factories.batch(project=project, subjects=("GET /a", "GET /b", "GET /c"), targets=("demo/agent",))
    batch_factories.trial(batch=batch, subject=0, passed=False, reasons=["auth", "timeout"])
    batch_factories.trial(batch=batch, subject=1, passed=False, reasons=["auth"])
    batch_factories.trial(batch=batch, subject=2, passed=None, status=Status.FAILED, run={"error_code": "max_cost"})
    assert matrix.reasons(batch=batch, wanted=Wanted()) == [("auth", 2), ("max_cost", 1)]
    assert matrix.reasons(batch=batch, wanted=Wanted(subject=2, reason="auth")) == [("max_cost", 1)]
    [shown], _ = matrix.children(batch=batch, wanted=Wanted(reason="max_cost"), size=5)
    assert shown.label == "GET /c"


def test_a_page_has_a_bounded_number_of_cells(project: Project) -> None:
    wide = batch_factories.batch(project=project, subjects=[f"GET /{n}" for n in range(60)], targets=[f"openai/m-{n}" for n in range(20)])
    first = matrix.matrix(batch=wide, wanted=Wanted())
    assert (len(first.rows), len(first.columns), first.count, first.targets) == (25, matrix.MOST_TARGETS, 60, 20)
    assert (first.next, first.first, first.until) == (25, 1, 25)
    right = matrix.matrix(batch=wide, wanted=Wanted(), start=50, first_target=16)
    assert ([column.label for column in right.columns], len(right.rows), right.next) == (
        ["openai/m-16", "openai/m-17", "openai/m-18", "openai/m-19"],
        10,
        None,
    )


def test_children_of_another_batch_are_in_no_cell(batch: Batch, project: Project) -> None:
    other = batch_factories.batch(project=project, subjects=("GET /a",), targets=("demo/agent",))
    assert Trial.objects.filter(batch=batch).count() == 8
    assert matrix.matrix(batch=other, wanted=Wanted()).rows[0].cells[0].n == 0
    assert EvalRun.objects.filter(batch=other).count() == 0
