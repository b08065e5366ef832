"""Starting durable eval runs: every variant of the request, in both vintages; what is left out, null, disabled or unknown."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents.models import ModelProvider
from runs.models import Batch
from runs.states import Status
from tests import factories
from tests.batch_factories import batch, finished_batch, trial
from tests.contract.durable.contract import Durable
from tests.contract.durable.place import CUSTOM, ENGINE, PROMPTS, REST, TEXT, Place

pytestmark = pytest.mark.django_db
RUNS = "/eval-runs"


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def api(place: Place) -> Durable:
    return Durable(place.project)


def subjects(response: Any) -> list[str]:
    """What the run that was started asks."""
    assert response.status_code == 200, response.content
    made = Batch.objects.get(pk=response.json()["id"].removeprefix("eval_run_"))
    assert response.json()["progress"]["total"] == made.total
    return [subject.label for subject in made.subjects.all()]


def refused(response: Any) -> str:
    """The sentence of a request that starts nothing."""
    assert response.status_code == 400, response.content
    assert not Batch.objects.exists()
    sentence: str = response.json()["detail"]
    return sentence


def test_prompts_are_started_and_answered_with_the_parent_job(api: Durable) -> None:
    told = api.post(RUNS, PROMPTS).json()
    made = Batch.objects.get()
    assert told == {
        "id": f"eval_run_{made.pk.hex}",
        "job_id": f"job_{made.pk.hex}",
        "type": "prompts",
        "source_type": "prompts",
        "status": "pending",
        "stage": "queued",
        "dispatch_id": f"dispatch_{made.pk.hex}",
        "progress": {"total": 2, "queued": 2, "running": 0, "completed": 0, "failed": 0, "cancelled": 0, "interrupted": 0, "percent": 0.0},
        "estimated_cost": 0.0,
        "eval_count": 2,
        "model_count": 1,
        "error": None,
        "created_at": made.created_at.isoformat(),
        "started_at": None,
        "completed_at": None,
        "summary": None,
        "actual_cost": None,
    }
    assert (made.trigger, made.project) == ("api", api.project)
    assert api.get(f"{RUNS}/{told['id']}").json() == told


def test_named_prompts_are_run_and_no_others(api: Durable, place: Place) -> None:
    assert subjects(api.post(RUNS, {**PROMPTS, "prompt_ids": [place.ids["speed"]]})) == ["Which speed?"]


def test_a_target_with_a_topic_is_asked_prompts_of_that_topic(api: Durable, place: Place) -> None:
    target = {**ENGINE, "prompt_topic_id": place.ids["topic price"]}
    assert subjects(api.post(RUNS, {**PROMPTS, "targets": [target]})) == ["Which price?"]


def test_the_platform_of_a_prompt_target_is_what_results_say(api: Durable, place: Place) -> None:
    ModelProvider.objects.create(project=place.project, name="engine", base_url="http://127.0.0.1:1/v1")
    api.post(RUNS, {**PROMPTS, "targets": [{**ENGINE, "prompt_platform_id": "engine"}]})
    assert Batch.objects.get().targets[0]["platform"] == "engine"


def test_a_coding_agent_is_asked_prompts(api: Durable) -> None:
    target = {"target_kind": "coding_agent", "execution_platform": "codex", "prompt_platform_id": "codex", "model_id": "gpt-5"}
    told = api.post(RUNS, {**PROMPTS, "targets": [target]}).json()
    assert told["estimated_cost"] is None
    assert Batch.objects.get().targets[0]["target_type"] == "agent"


@pytest.mark.parametrize("body", [{"type": "prompts"}, {"type": "prompts", "prompt_ids": None, "targets": None, "force": None}])
def test_left_out_or_null_means_what_is_configured(api: Durable, place: Place, body: dict[str, Any]) -> None:
    place.target("prompts")
    assert sorted(subjects(api.post(RUNS, body))) == ["Which price?", "Which speed?"]


@pytest.mark.parametrize("off", [{"enabled": False}, {"frequency": "manual"}])
def test_configured_targets_that_are_off_or_by_hand_are_not_used(api: Durable, place: Place, off: dict[str, Any]) -> None:
    place.target("prompts", **off)
    assert refused(api.post(RUNS, {"type": "prompts"})) == (
        "No configured prompt targets were found for this organization. Configure prompt targets first or include targets in the request."
    )


def test_what_completed_today_is_left_out_unless_it_is_forced(api: Durable, place: Place) -> None:
    made = Batch.objects.get(pk=api.post(RUNS, PROMPTS).json()["id"].removeprefix("eval_run_"))
    trial(batch=made, subject=0)
    done = made.subjects.get(index=0).label
    assert subjects(api.post(RUNS, PROMPTS)) == [label for label in ("Which price?", "Which speed?") if label != done]
    assert len(subjects(api.post(RUNS, {**PROMPTS, "force": True}))) == 2
    trial(batch=made, subject=1)
    response = api.post(RUNS, PROMPTS)
    assert response.status_code == 400
    assert "has already completed today (UTC)" in response.json()["detail"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["GET /pets", "POST /pets", "GET /shops"]),
        ({"source_id": "pets"}, ["GET /pets", "POST /pets", "GET /shops"]),
        ({"integration_id": "pets"}, ["GET /pets", "POST /pets", "GET /shops"]),
        ({"operation_ids": ["POST /pets"]}, ["POST /pets"]),
        ({"endpoint_ids": ["POST /pets"]}, ["POST /pets"]),
        ({"operation_ids": ["POST /pets"], "endpoint_ids": ["POST /pets"]}, ["POST /pets"]),
        ({"eval_ids": ["eval GET /shops"]}, ["GET /shops"]),
        ({"integration_id": "pets", "source_id": "pets", "eval_ids": ["eval GET /shops"]}, ["GET /shops"]),
    ],
)
def test_operations_are_chosen_by_id_in_both_vintages(api: Durable, place: Place, filters: dict[str, Any], found: list[str]) -> None:
    ids = {name: place.ids[value] if isinstance(value, str) else [place.ids[each] for each in value] for name, value in filters.items()}
    assert subjects(api.post(RUNS, {**REST, **ids})) == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"operation_paths": ["GET:/pets"]}, ["GET /pets"]),
        ({"endpoint_paths": ["get:/pets", "GET:/shops"]}, ["GET /pets", "GET /shops"]),
        ({"categories": ["read"]}, ["GET /pets", "GET /shops"]),
        ({"eval_types": ["rest_api"]}, ["GET /pets", "POST /pets", "GET /shops"]),
        ({"operation_paths": ["GET:/pets", "POST:/pets"], "categories": ["write"]}, ["POST /pets"]),
        ({"source_id": None, "categories": None, "operation_ids": None, "eval_ids": None, "eval_types": None, "models": None}, None),
        ({"custom_eval_ids": None, "env_profile_ids": None, "eval_overrides": None, "operation_paths": None, "endpoint_ids": None}, None),
        ({"of_a_later_version": {"x": 1}}, None),
    ],
)
def test_operations_are_chosen_by_filters(api: Durable, filters: dict[str, Any], found: list[str] | None) -> None:
    assert subjects(api.post(RUNS, {**REST, **filters})) == (found or ["GET /pets", "POST /pets", "GET /shops"])


def test_disabled_targets_are_left_out(api: Durable, place: Place) -> None:
    ModelProvider.objects.create(project=place.project, name="other", base_url="http://127.0.0.1:1/v1")
    off = {"target_type": "text", "execution_platform": "other", "model_id": "m", "enabled": False}
    assert api.post(RUNS, {**REST, "targets": [TEXT, off]}).json()["model_count"] == 1


def test_legacy_models_are_text_targets(api: Durable) -> None:
    told = api.post(RUNS, {"type": "api_performance", "source_type": "rest_api", "models": ["demo/agent"]}).json()
    assert (told["model_count"], told["eval_count"]) == (1, 3)


def test_environments_multiply_the_children(api: Durable) -> None:
    told = api.post(RUNS, {**REST, "env_profile_ids": ["staging", "live"]}).json()
    assert (told["progress"]["total"], told["eval_count"], told["model_count"]) == (6, 3, 1)
    assert [each["key"] for each in Batch.objects.get().profiles] == ["staging", "live"]


def test_overrides_are_for_this_run_only(api: Durable, place: Place) -> None:
    key = place.ids["eval GET /pets"]
    body = {**REST, "eval_ids": [key], "eval_overrides": {key: {"custom_prompt": "List them.", "docs_mode": "exclude"}}}
    api.post(RUNS, body)
    definition = Batch.objects.get().subjects.get().snapshot["definition"]
    assert (definition["custom_prompt"], definition["docs_mode"]) == ("List them.", "exclude")
    assert api.get(f"/api-performance/evals/{key}").json()["custom_prompt"] is None


def test_configured_targets_of_a_source_are_used(api: Durable, place: Place) -> None:
    place.target("rest_api", "pets")
    told = api.post(RUNS, {"type": "api_performance", "source_type": "rest_api"}).json()
    assert (told["eval_count"], told["model_count"]) == (3, 1)


def test_tools_are_run_too(api: Durable) -> None:
    agent = {"target_type": "agent", "execution_platform": "claude-code", "model_id": "sonnet"}
    told = api.post(RUNS, {**REST, "source_type": "cli", "targets": [agent]}).json()
    assert (told["type"], told["source_type"], told["eval_count"]) == ("api_performance", "cli", 1)


def test_custom_evals_are_those_that_are_named_or_the_configured_set(api: Durable, place: Place) -> None:
    assert subjects(api.post(RUNS, {**CUSTOM, "custom_eval_ids": [place.ids["refund"]]})) == ["About refund"]
    assert sorted(subjects(api.post(RUNS, CUSTOM))) == ["About dinner", "About refund"]
    assert subjects(api.post(RUNS, {**CUSTOM, "categories": ["dinner"]})) == ["About dinner"]


def test_the_same_request_twice_starts_one_run(api: Durable) -> None:
    first, second = (api.post(RUNS, PROMPTS, Idempotency_Key="nightly") for _ in range(2))
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert Batch.objects.count() == 1
    assert api.post(RUNS, {**PROMPTS, "force": True}, Idempotency_Key="nightly").status_code == 409


@pytest.mark.parametrize(
    "named", ["nothing", "eval_run_", "eval_run_00000000000040008000000000000000", "job_1", "%00", "eval_run_" + "f" * 5000]
)
def test_a_run_that_is_not_there_is_404(api: Durable, named: str) -> None:
    response = api.get(f"{RUNS}/{named}")
    assert (response.status_code, response.json()) == (404, {"detail": "Eval run not found"})


def test_a_run_of_another_project_is_404(api: Durable) -> None:
    theirs = batch(project=factories.project())
    assert api.get(f"{RUNS}/eval_run_{theirs.pk.hex}").json() == {"detail": "Eval run not found"}


@pytest.mark.parametrize(
    ("status", "stage", "done"),
    [
        (Status.RUNNING, "running", 1),
        (Status.SUMMARIZING, "summarizing", 4),
        (Status.COMPLETED, "done", 4),
    ],
)
def test_progress_counts_children_by_where_they_are(api: Durable, status: str, stage: str, done: int) -> None:
    made = batch(project=api.project, status=status, dispatched=4)
    for position, (subject, target, _) in enumerate(made.cells):
        trial(batch=made, subject=subject, target=target, status=Status.COMPLETED if position < done else Status.PENDING)
    told = api.get(f"{RUNS}/eval_run_{made.pk.hex}").json()
    assert (told["status"], told["stage"]) == (status, stage)
    assert (told["progress"]["total"], told["progress"]["completed"], told["progress"]["queued"]) == (4, done, 4 - done)
    assert told["progress"]["percent"] == 25.0 * done


def test_a_finished_run_has_its_summary_cost_and_times(api: Durable) -> None:
    made = finished_batch(project=api.project)
    made.summary = {"overall": {"n": 4, "cost_usd": 0.008, "unpriced_calls": 0}}
    made.estimated_cost_usd = Decimal("0.01")
    made.save()
    told = api.get(f"{RUNS}/eval_run_{made.pk.hex}").json()
    assert (told["summary"]["overall"]["n"], told["actual_cost"], told["estimated_cost"]) == (4, 0.008, 0.01)
    assert told["started_at"]
    assert told["completed_at"]
    Batch.objects.filter(pk=made.pk).update(summary={"overall": {"cost_usd": 0.008, "unpriced_calls": 1}})
    assert api.get(f"{RUNS}/eval_run_{made.pk.hex}").json()["actual_cost"] is None


def test_a_failed_run_says_why(api: Durable) -> None:
    made = batch(project=api.project, status=Status.FAILED, error_reason="All 4 children failed.")
    assert api.get(f"{RUNS}/eval_run_{made.pk.hex}").json()["error"] == "All 4 children failed."


@pytest.mark.parametrize("subjects", [2, 40])
def test_the_queries_of_a_run_do_not_grow(api: Durable, subjects: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    made = finished_batch(project=api.project, subjects=[f"GET /{number}" for number in range(subjects)])
    api.get("/auth/status")
    with django_assert_num_queries(2 + 1):
        api.get(f"{RUNS}/eval_run_{made.pk.hex}")


def test_the_order_of_ids_is_no_difference(api: Durable, place: Place) -> None:
    keys = [place.ids["GET /pets"], place.ids["POST /pets"]]
    assert len(subjects(api.post(RUNS, {**REST, "operation_ids": keys, "endpoint_ids": keys[::-1]}))) == 2
