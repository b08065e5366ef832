"""/eval-runs/{id}/runs: the children of one durable eval run, page by page."""

import pytest
from pytest_django import DjangoAssertNumQueries

from runs.models import Batch
from runs.models.batch import shown_id
from tests import factories
from tests.batch_factories import batch, finished_batch, trial
from tests.contract.durable.contract import Durable, places

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


def path(made: Batch) -> str:
    return f"/eval-runs/{shown_id('eval_run', made.pk)}/runs"


def test_a_child_tells_how_it_stands_and_why(api: Durable) -> None:
    made = batch(project=api.project, subjects=("GET /pets",), targets=("openai/gpt",), profiles=("Staging",))
    said = {"checks": [{"key": "status", "passed": False, "detail": "The status is 404, not one of 200."}]}
    run = trial(batch=made, profile=0, passed=False, score=50.0, reasons=["status_mismatch"], details=said)
    (child,) = api.get(path(made)).json()["data"]
    told = {key: child[key] for key in ("id", "position", "status", "passed", "score", "failure_reasons", "profile", "error", "cost")}
    assert told == {
        "id": str(run.pk),
        "position": 0,
        "status": "completed",
        "passed": False,
        "score": 50.0,
        "failure_reasons": ["status_mismatch"],
        "profile": "Staging",
        "error": "The status is 404, not one of 200.",
        "cost": 0.002,
    }


def test_pages_follow_each_other_and_leave_none_out(api: Durable) -> None:
    made = finished_batch(project=api.project, subjects=("a", "b", "c"), targets=("demo/agent",))
    first = api.get(path(made), limit=2).json()
    second = api.get(path(made), limit=2, after=first["meta"]["next"]).json()
    assert [child["position"] for child in first["data"] + second["data"]] == [0, 1, 2]
    assert second["meta"] == {"limit": 2, "count": 1, "next": None}


def test_children_of_prompts_are_told_too(api: Durable) -> None:
    made = batch(project=api.project, source_type="prompts", subjects=("Which is best?",), targets=("demo/agent",))
    trial(batch=made, passed=None, status="running")
    (child,) = api.get(path(made)).json()["data"]
    assert (child["status"], child["passed"], child["endpoint"]["description"]) == ("running", None, "Which is best?")


def test_another_projects_and_no_eval_run_are_the_same_404(api: Durable) -> None:
    other = finished_batch(project=factories.project())
    for asked in (path(other), "/eval-runs/eval_run_nonsense/runs", "/eval-runs/nonsense/runs"):
        got = api.get(asked)
        assert (got.status_code, got.json()) == (404, {"detail": "Eval run not found"})


def test_bounds_are_told(api: Durable) -> None:
    made = finished_batch(project=api.project)
    assert places(api.get(path(made), limit=201)) == ["query.limit"]
    assert places(api.get(path(made), after=-2)) == ["query.after"]


def test_queries_do_not_grow_with_the_page(api: Durable, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    made = finished_batch(project=api.project, subjects=tuple("abcdefgh"))
    with django_assert_max_num_queries(8):  # four are the key's and its limits
        assert len(api.get(path(made)).json()["data"]) == 16
