"""What came of API tasks and custom evals: /runs, /runs/{id}, /diagnose and /custom-evals/history."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from runs.models import BatchSubject
from templates_app.models import ApiSource, Brand
from tests import factories
from tests.batch_factories import batch, finished_batch, trial
from tests.contract.durable.contract import Durable, places

pytestmark = pytest.mark.django_db
RUNS, HISTORY, DIAGNOSE = "/api-performance/runs", "/api-performance/custom-evals/history", "/api-performance/diagnose"


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


def test_runs_come_newest_first_with_what_they_are_about(api: Durable) -> None:
    source = ApiSource.objects.create(project=api.project, source_type="rest_api", label="Pets", api_base_url="https://pets.example")
    made = batch(project=api.project, subjects=("GET /pets",), targets=("openai/gpt",), source=source)
    made.subjects.update(snapshot={"operation": {"method": "GET", "path": "/pets", "description": "All pets.", "snapshot": {"x": 1}}})
    run = trial(batch=made, passed=False, score=10.0, reasons=["wrong_path"])
    (got,) = api.get(RUNS).json()["data"]
    assert got == {
        "id": str(run.pk),
        "endpoint": {
            "id": str(run.ref),
            "method": "GET",
            "path": "/pets",
            "description": "All pets.",
            "category": {"id": str(run.group_id), "name": "Reading"},
        },
        "source": {"id": str(source.pk), "type": "rest_api", "label": "Pets", "metadata": {"api_base_url": "https://pets.example"}},
        "eval_type": "rest_api",
        "model": "gpt",
        "model_type": "text",
        "platform": "openai",
        "passed": False,
        "score": 10.0,
        "failure_reasons": ["wrong_path"],
        "latency_ms": 800,
        "run_at": run.finished_at and run.finished_at.isoformat(),
    }


def test_runs_are_of_all_kinds_but_prompts_merged_by_time(api: Durable) -> None:
    now = timezone.now()
    for minutes, kind in enumerate(("custom_evals", "rest_api", "sdk", "cli", "prompts", "custom_evals")):
        made = batch(project=api.project, source_type=kind, subjects=(f"{kind}-{minutes}",), targets=("openai/gpt",))
        trial(batch=made, finished_at=now - timedelta(minutes=minutes))
    found = api.get(RUNS, limit=4).json()
    assert [row["endpoint"]["description"] for row in found["data"]] == ["custom_evals-0", "rest_api-1", "sdk-2", "cli-3"]
    assert found["meta"] == {"limit": 4, "count": 4}


def test_runs_that_are_not_over_or_of_others_are_not_listed(api: Durable) -> None:
    trial(batch=batch(project=api.project), status="running")
    finished_batch(project=factories.project())
    assert api.get(RUNS).json()["data"] == []


def test_since_leaves_older_runs_out(api: Durable) -> None:
    made = batch(project=api.project)
    trial(batch=made, subject=0, finished_at=timezone.now() - timedelta(days=3))
    recent = trial(batch=made, subject=1)
    assert [row["id"] for row in api.get(RUNS, since="2d").json()["data"]] == [str(recent.pk)]
    assert len(api.get(RUNS, since=(timezone.now() - timedelta(days=9)).isoformat()).json()["data"]) == 2


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"limit": "1.5"}, "query.limit"),
        ({"since": "soon"}, "query.since"),
        ({"since": ""}, "query.since"),
        ({"since": "\x00"}, "query"),
    ],
)
def test_wrong_queries_of_runs_are_told_with_their_place(api: Durable, query: dict[str, str], place: str) -> None:
    assert places(api.get(RUNS, **query)) == [place]


def test_the_company_is_the_first_own_brand_or_the_project(api: Durable) -> None:
    assert api.get(RUNS).json()["company"]["name"] == api.project.name
    Brand.objects.create(project=api.project, name="Rival", is_own=False)
    Brand.objects.create(project=api.project, name="Acme", domain="acme.example", is_own=True)
    assert api.get(RUNS).json()["company"] == {"name": "Acme", "domain": "acme.example", "logo_url": None, "relationship": None}


@pytest.mark.parametrize("subjects", [2, 60])
def test_the_queries_of_runs_do_not_grow(api: Durable, subjects: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    finished_batch(project=api.project, subjects=[f"GET /{number}" for number in range(subjects)])
    api.get("/auth/status")
    with django_assert_num_queries(7 + 1):
        api.get(RUNS, limit=200)


def test_a_run_comes_with_what_was_said_and_executed(api: Durable) -> None:
    made = batch(project=api.project, source_type="cli", subjects=("items.create",))
    details = {"checks": [], "execution": {"stdout": "ok\n", "stderr": "warned", "exit_code": 3}}
    run = trial(batch=made, passed=False, reasons=["nonzero_exit"], details=details)
    factories.message(run=run.run, role="user", content="Create an item.")
    factories.message(run=run.run, role="assistant", content="items create", tool_calls=[{"name": "shell"}])
    got = api.get(f"{RUNS}/{run.pk}").json()["data"]
    assert (got["prompt_sent"], got["response_text"]) == ("Create an item.", "items create")
    assert (got["execution_stdout"], got["execution_stderr"], got["exit_code"]) == ("ok\n", "warned", 3)
    assert got["tool_calls"] == [{"name": "shell"}]
    assert got["raw"] == {"status": "completed", "error": None, **details}


def test_a_run_outlives_its_batch_and_source(api: Durable) -> None:
    made = batch(project=api.project, source_id=uuid.uuid4())
    run = trial(batch=made)
    BatchSubject.objects.filter(batch=made).delete()
    got = api.get(f"{RUNS}/{run.pk}").json()["data"]
    assert (got["endpoint"]["description"], got["endpoint"]["path"]) == ("GET /pets", None)
    assert got["source"]["label"] is None


@pytest.mark.parametrize("named", ["nothing", "00000000-0000-4000-8000-000000000000", "%00", "a" * 5000])
def test_a_run_that_is_not_there_is_404(api: Durable, named: str) -> None:
    response = api.get(f"{RUNS}/{named}")
    assert (response.status_code, response.json()) == (404, {"detail": "Run not found"})


def test_runs_of_others_and_answers_to_prompts_are_404(api: Durable) -> None:
    theirs = trial(batch=batch(project=factories.project()))
    prompt = trial(batch=batch(project=api.project, source_type="prompts"))
    assert [api.get(f"{RUNS}/{run.pk}").status_code for run in (theirs, prompt)] == [404, 404]


def test_a_diagnosis_tells_figures_patterns_and_examples(api: Durable) -> None:
    made = finished_batch(project=api.project)
    told = api.post(DIAGNOSE, {"since": "1d"}).json()
    assert told["summary"]["total_runs"] == 4
    assert (told["summary"]["failed_runs"], told["summary"]["passed_runs"], told["summary"]["failure_rate"]) == (1, 3, 0.25)
    assert told["summary"]["top_failed_models"] == [{"model": "gpt-4.1-mini", "platform": "openai", "count": 1}]
    (pattern,) = told["failure_analysis"]["patterns"]
    assert (pattern["pattern"], pattern["label"], pattern["count"], pattern["percentage"]) == ("wrong_path", "Wrong path", 1, 100.0)
    assert pattern["affected_endpoints"] == [{"id": str(made.subjects.get(index=1).ref), "label": "POST /pets", "count": 1}]
    assert [each["id"] for each in told["examples"]] == pattern["run_ids"]
    assert told["markdown"] is None


@pytest.mark.parametrize("form", ["markdown", "md"])
def test_a_diagnosis_can_be_read_as_markdown(api: Durable, form: str) -> None:
    finished_batch(project=api.project, subjects=("GET /pets", "POST /<b>x</b>|y"))
    text = api.post(DIAGNOSE, {"format": form}).json()["markdown"]
    assert text.startswith(f"# Why runs of {api.project.name} fail\n")
    assert "4 runs, 1 failed (25.0 % of those that passed or failed), 3 passed." in text
    assert "## Wrong path: 1 (100.0 %, high)" in text
    assert r"| POST /\<b\>x\</b\>\|y | 1 |" in text


def test_a_diagnosis_without_examples_has_none(api: Durable) -> None:
    finished_batch(project=api.project)
    assert api.post(DIAGNOSE, {"include_examples": False}).json()["examples"] == []


def test_a_diagnosis_of_nothing_is_no_error(api: Durable) -> None:
    told = api.post(DIAGNOSE, {"format": "md"}).json()
    assert told["summary"]["failure_rate"] is None
    assert "0 runs, 0 failed, 0 passed." in told["markdown"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"since": "soon"}, "body.since"),
        ({"since": 5}, "body.since"),
        ({"format": "pdf"}, "body.format"),
        ({"max_examples": 0}, "body.max_examples"),
        ({"max_examples": 51}, "body.max_examples"),
        ({"max_examples": "5"}, "body.max_examples"),
        ({"max_examples": True}, "body.max_examples"),
        ({"include_examples": "yes"}, "body.include_examples"),
    ],
)
def test_wrong_diagnosis_requests_are_told_with_their_place(api: Durable, body: dict[str, Any], place: str) -> None:
    assert places(api.post(DIAGNOSE, body)) == [place]


def test_nulls_and_unknown_keys_of_a_diagnosis_are_left_out(api: Durable) -> None:
    assert api.post(DIAGNOSE, {"since": None, "format": None, "max_examples": 5.0, "new": 1}).status_code == 200


def test_a_key_that_may_only_read_may_diagnose(api: Durable) -> None:
    assert Durable(api.project, ["read"]).post(DIAGNOSE, {}).status_code == 200
    assert Durable(api.project, ["run"]).post(DIAGNOSE, {}).status_code == 403
