"""The history of the custom evals: a page of it, filtered and ordered, with what there is to filter by."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from runs.models import Batch
from templates_app.models import CustomEvalCategory
from tests import factories
from tests.batch_factories import batch, finished_batch, trial
from tests.contract.durable.contract import Durable, places

pytestmark = pytest.mark.django_db
RUNS, HISTORY, DIAGNOSE = "/api-performance/runs", "/api-performance/custom-evals/history", "/api-performance/diagnose"


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


@pytest.fixture
def customs(api: Durable) -> Batch:
    """Two custom evals by two models: (passed, failed), (failed, without a verdict)."""
    made = batch(project=api.project, source_type="custom_evals", subjects=("Plan a dinner", "Refund POST 4711"))
    for subject in made.subjects.all():
        subject.snapshot = {"prompt": subject.label, "description": "About it", "definition": {"run_context": {"tone": "calm"}}}
        subject.save()
    now = timezone.now()
    said = {"checks": [{"key": "expected_behavior", "passed": False, "detail": "It promised too much."}]}
    trial(batch=made, subject=0, target=0, score=91.0, latency_ms=900, finished_at=now - timedelta(minutes=3))
    trial(batch=made, subject=0, target=1, passed=False, score=12.0, latency_ms=300, details=said, finished_at=now - timedelta(minutes=2))
    trial(batch=made, subject=1, target=0, passed=False, score=None, latency_ms=None, finished_at=now - timedelta(minutes=1))
    trial(batch=made, subject=1, target=1, passed=None, status="failed", reasons=["model_error"], finished_at=now)
    return made


def labels(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [f"{row['endpoint']['prompt']} / {row['model']}" for row in response.json()["runs"]]


def test_the_history_has_verdicts_and_leaves_out_what_could_not_be_carried_out(api: Durable, customs: Batch) -> None:
    told = api.get(HISTORY).json()
    assert (told["total"], told["limit"], told["offset"], told["hide_infra_errors"]) == (3, 25, 0, True)
    first = told["runs"][1]
    subject = customs.subjects.get(index=0)
    assert first == {
        "id": first["id"],
        "endpoint": {
            "id": str(subject.ref),
            "prompt": "Plan a dinner",
            "description": "About it",
            "category": {"id": str(subject.group_id), "name": "Reading", "slug": "reading", "sort_order": 0},
        },
        "target_key": "text:openai:gpt-4.1-mini",
        "eval_type": "custom_evals",
        "prompt_sent": None,
        "model": "gpt-4.1-mini",
        "model_type": "text",
        "platform": "openai",
        "passed": False,
        "score": 12.0,
        "latency_ms": 300,
        "tool_call_count": 0,
        "error_message": "It promised too much.",
        "is_infra_error": False,
        "run_at": first["run_at"],
        "harness_label": None,
        "model_label": "gpt-4.1-mini",
        "run_context_sent": {"tone": "calm"},
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Refund POST 4711 / agent", "Plan a dinner / gpt-4.1-mini", "Plan a dinner / agent"]),
        ({"result_filter": "passed"}, ["Plan a dinner / agent"]),
        ({"result_filter": "failed"}, ["Refund POST 4711 / agent", "Plan a dinner / gpt-4.1-mini"]),
        ({"target_key": "text:openai:gpt-4.1-mini"}, ["Plan a dinner / gpt-4.1-mini"]),
        ({"target_key": "nobody"}, []),
        ({"search": "REFUND"}, ["Refund POST 4711 / agent"]),
        ({"search": "gpt"}, ["Plan a dinner / gpt-4.1-mini"]),
        ({"search": "%"}, []),
        ({"limit": "1", "offset": "1"}, ["Plan a dinner / gpt-4.1-mini"]),
        ({"offset": "9"}, []),
        ({"sort_dir": "asc"}, ["Plan a dinner / agent", "Plan a dinner / gpt-4.1-mini", "Refund POST 4711 / agent"]),
        ({"sort_by": "score"}, ["Plan a dinner / agent", "Plan a dinner / gpt-4.1-mini", "Refund POST 4711 / agent"]),
        ({"sort_by": "score", "sort_dir": "asc"}, ["Plan a dinner / gpt-4.1-mini", "Plan a dinner / agent", "Refund POST 4711 / agent"]),
        ({"sort_by": "latency", "sort_dir": "asc"}, ["Plan a dinner / gpt-4.1-mini", "Plan a dinner / agent", "Refund POST 4711 / agent"]),
        ({"sort_by": "use_case"}, ["Refund POST 4711 / agent", "Plan a dinner / gpt-4.1-mini", "Plan a dinner / agent"]),
        ({"sort_by": "result"}, ["Plan a dinner / agent", "Refund POST 4711 / agent", "Plan a dinner / gpt-4.1-mini"]),
        ({"sort_by": "target", "sort_dir": "asc"}, ["Refund POST 4711 / agent", "Plan a dinner / agent", "Plan a dinner / gpt-4.1-mini"]),
        ({"sort_by": "tool_calls"}, ["Refund POST 4711 / agent", "Plan a dinner / gpt-4.1-mini", "Plan a dinner / agent"]),
    ],
)
def test_the_history_is_filtered_and_ordered(api: Durable, customs: Batch, query: dict[str, str], found: list[str]) -> None:
    assert labels(api.get(HISTORY, **query)) == found


def test_the_history_of_one_custom_eval_or_category(api: Durable, customs: Batch) -> None:
    refund = customs.subjects.get(index=1)
    assert labels(api.get(HISTORY, custom_eval_id=str(refund.ref))) == ["Refund POST 4711 / agent"]
    assert labels(api.get(HISTORY, category_id=str(refund.group_id))) == ["Refund POST 4711 / agent"]


def test_facets_count_all_that_there_is_whatever_the_filter(api: Durable, customs: Batch) -> None:
    reading, writing = (str(customs.subjects.get(index=index).group_id) for index in (0, 1))
    facets = api.get(HISTORY, search="nothing").json()["facets"]
    assert facets["targets"] == [
        {"value": "text:demo:agent", "label": "agent (demo)", "count": 2},
        {"value": "text:openai:gpt-4.1-mini", "label": "gpt-4.1-mini (openai)", "count": 1},
    ]
    assert facets["categories"] == [
        {"value": reading, "label": "Reading", "count": 2},
        {"value": writing, "label": "Writing", "count": 1},
    ]


def test_a_category_of_today_is_shown_as_it_is_now(api: Durable, customs: Batch) -> None:
    group = customs.subjects.get(index=1).group_id
    CustomEvalCategory.objects.create(pk=group, project=api.project, name="Refunds", slug="money-back", position=4)
    row = api.get(HISTORY, search="refund").json()["runs"][0]
    assert row["endpoint"]["category"] == {"id": str(group), "name": "Refunds", "slug": "money-back", "sort_order": 4}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"offset": "-1"}, "query.offset"),
        ({"offset": str(2**63)}, "query.offset"),
        ({"search": "x" * 201}, "query.search"),
        ({"result_filter": "maybe"}, "query.result_filter"),
        ({"sort_by": "mood"}, "query.sort_by"),
        ({"sort_dir": "up"}, "query.sort_dir"),
    ],
)
def test_wrong_queries_of_the_history_are_told_with_their_place(api: Durable, query: dict[str, str], place: str) -> None:
    assert places(api.get(HISTORY, **query)) == [place]


@pytest.mark.parametrize("named", ["x", "00000000-0000-4000-8000-000000000000"])
def test_a_custom_eval_that_never_was_has_no_history(api: Durable, named: str) -> None:
    assert api.get(HISTORY, custom_eval_id=named).json() == {"detail": "Custom eval not found"}


def test_the_history_of_others_is_not_there(customs: Batch) -> None:
    stranger = Durable(factories.project())
    assert stranger.get(HISTORY).json()["total"] == 0
    assert stranger.get(HISTORY, custom_eval_id=str(customs.subjects.get(index=0).ref)).status_code == 404


@pytest.mark.parametrize("subjects", [2, 40])
def test_the_queries_of_the_history_do_not_grow(api: Durable, subjects: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    finished_batch(project=api.project, source_type="custom_evals", subjects=[f"Task {number}" for number in range(subjects)])
    api.get("/auth/status")
    with django_assert_num_queries(6 + 1):
        api.get(HISTORY, limit=200)
