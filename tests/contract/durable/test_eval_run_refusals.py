"""Requests for durable eval runs that start nothing: nothing to run, unknown ids, wrong values; each with its sentence or place."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runs.models import Batch
from tests.contract.durable.contract import Durable, contract, places
from tests.contract.durable.place import CUSTOM, ENGINE, NOWHERE, PROMPTS, REST, TEXT, Place
from tests.runs.test_budget import spend

pytestmark = pytest.mark.django_db
RUNS = "/eval-runs"


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def api(place: Place) -> Durable:
    return Durable(place.project)


def refused(response: Any) -> str:
    """The sentence of a request that starts nothing."""
    assert response.status_code == 400, response.content
    assert not Batch.objects.exists()
    sentence: str = response.json()["detail"]
    return sentence


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"operation_paths": ["GET:/nowhere"]}, "has no operation GET:/nowhere"),
        ({"categories": ["mood"]}, "in the categories mood"),
        ({"eval_types": ["mood"]}, "of the types mood"),
        ({"operation_ids": []}, "The list of operation ids is empty"),
        ({"targets": []}, "The list of targets is empty"),
        ({"targets": [{**TEXT, "enabled": False}]}, "Every target of the request is disabled"),
    ],
)
def test_filters_that_leave_nothing_are_400(api: Durable, filters: dict[str, Any], says: str) -> None:
    assert says in refused(api.post(RUNS, {**REST, **filters}))


def test_the_sentences_of_the_contract_for_nothing_to_run(api: Durable, place: Place) -> None:
    no_targets = {"type": "api_performance", "source_type": "cli"}
    assert refused(api.post(RUNS, no_targets)) == (
        "No configured API Performance targets or models were found for cli. "
        "Configure eval targets for this source or include targets/models in the request."
    )
    place.source("second tool", "cli")
    assert refused(api.post(RUNS, {**REST, "source_type": "cli"})) == (
        "source_id is required for source_type=cli unless operation_ids or eval_ids identify a single source. "
        "Get source IDs from api-performance sources list or api-performance evals list."
    )
    for name in ("dinner", "refund"):
        api.delete(f"/api-performance/custom-evals/{place.ids[name]}")
    assert refused(api.post(RUNS, CUSTOM)) == (
        "No custom eval IDs were provided and no configured custom evals were found for this organization. "
        "Configure custom evals or include custom_eval_ids in the request."
    )


def test_every_example_of_the_contract_is_answered_word_for_word(shared: Path, api: Durable, place: Place) -> None:
    told = set()
    for path, methods in contract()["paths"].items():
        for name, operation in methods.items():
            for response in operation["responses"].values():
                media = response["content"]["application/json"]
                examples = [
                    *(each["value"] for each in media.get("examples", {}).values()),
                    *([media["example"]] if "example" in media else []),
                ]
                told |= {(f"{name.upper()} {path}", each["detail"]) for each in examples}
    # Every project has its custom evals here; there is nothing that would have to be configured first.
    told -= {("GET /v1/api-performance/custom-evals/history", "Configured API Performance scope not found for this organization")}
    place.source("second tool", "cli")
    for key in ("dinner", "refund"):
        api.delete(f"/api-performance/custom-evals/{place.ids[key]}")
    cli = {"type": "api_performance", "source_type": "cli"}
    sent: list[dict[str, Any]] = [{"type": "prompts"}, {**cli, "source_id": place.ids["tool"]}, {**cli, "targets": [TEXT]}, CUSTOM]
    answered = {("POST /v1/eval-runs", refused(api.post(RUNS, body))) for body in sent}
    answered.add(("GET /v1/eval-runs/{eval_run_id}", api.get(f"{RUNS}/{NOWHERE}").json()["detail"]))
    assert answered == told


@pytest.mark.parametrize(
    "body",
    [
        {**PROMPTS, "prompt_ids": [NOWHERE]},
        {**PROMPTS, "prompt_ids": ["x"]},
        {**PROMPTS, "targets": [{**ENGINE, "prompt_topic_id": NOWHERE}]},
        {**PROMPTS, "targets": [{**ENGINE, "prompt_topic_id": ""}]},
        {**REST, "source_id": NOWHERE},
        {**REST, "integration_id": NOWHERE},
        {**REST, "source_id": ""},
        {**REST, "integration_id": ""},
        {**REST, "custom_eval_ids": [NOWHERE]},
        {**REST, "operation_ids": [NOWHERE]},
        {**REST, "endpoint_ids": ["x"]},
        {**REST, "eval_ids": [NOWHERE]},
        {**REST, "env_profile_ids": ["nobody"]},
        {**REST, "eval_overrides": {NOWHERE: {"enabled": True}}},
        {**CUSTOM, "custom_eval_ids": [NOWHERE]},
        {**CUSTOM, "source_id": ""},
    ],
)
def test_an_id_that_the_project_does_not_have_is_404(api: Durable, body: dict[str, Any]) -> None:
    response = api.post(RUNS, body)
    assert response.status_code == 404, response.content
    assert "not found" in response.json()["detail"]
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("name", "of"),
    [("source_id", "pets"), ("operation_ids", "GET /pets"), ("eval_ids", "eval GET /pets"), ("custom_eval_ids", "dinner")],
)
def test_ids_of_another_project_are_404(place: Place, name: str, of: str) -> None:
    stranger = Durable(Place().project)
    base = CUSTOM if name == "custom_eval_ids" else REST
    value: Any = place.ids[of] if name == "source_id" else [place.ids[of]]
    assert stranger.post(RUNS, {**base, name: value}).status_code == 404


@pytest.mark.parametrize(
    ("old", "new", "values"),
    [
        ("integration_id", "source_id", (NOWHERE, "x")),
        ("endpoint_ids", "operation_ids", ([NOWHERE], [])),
        ("endpoint_paths", "operation_paths", (["GET:/a"], ["GET:/b"])),
    ],
)
def test_two_names_of_one_thing_that_differ_are_refused(api: Durable, old: str, new: str, values: tuple[Any, Any]) -> None:
    assert places(api.post(RUNS, {**REST, old: values[0], new: values[1]})) == [f"body.{old}"]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.type"),
        ({"type": None}, "body.type"),
        ({"type": "mood"}, "body.type"),
        ({"type": ["prompts"]}, "body.type"),
        ({"type": "api_performance"}, "body.source_type"),
        ({"type": "api_performance", "source_type": "prompts"}, "body.source_type"),
        ({"type": "prompts", "prompt_ids": "x"}, "body.prompt_ids"),
        ({"type": "prompts", "prompt_ids": [1]}, "body.prompt_ids.0"),
        ({"type": "prompts", "force": "true"}, "body.force"),
        ({"type": "prompts", "targets": {}}, "body.targets"),
        ({"type": "prompts", "targets": [{**ENGINE, "target_kind": "text"}]}, "body.targets.0.target_kind"),
        ({"type": "prompts", "targets": [{**ENGINE, "model_id": None}]}, "body.targets.0.model_id"),
        ({"type": "prompts", "targets": [{**ENGINE, "enabled": 0}]}, "body.targets.0.enabled"),
        ({"type": "prompts", "targets": [{**ENGINE, "execution_platform": "nobody"}]}, "body.targets.0.execution_platform"),
        ({"type": "prompts", "targets": [{**ENGINE, "prompt_platform_id": "nobody"}]}, "body.targets.0.prompt_platform_id"),
        ({**REST, "targets": [TEXT, {**TEXT, "model_id": "nobody"}]}, "body.targets.1.model_id"),
        ({**REST, "targets": [{**TEXT, "target_type": "engine"}]}, "body.targets.0.target_type"),
        ({**REST, "targets": [{**TEXT, "target_type": "agent"}]}, "body.targets.0.execution_platform"),
        ({**REST, "targets": None, "models": ["nobody/x"]}, "body.models.0"),
        ({**REST, "models": "gpt"}, "body.models"),
        ({**REST, "endpoint_ids": "x"}, "body.endpoint_ids"),
        ({**REST, "endpoint_ids": [5]}, "body.endpoint_ids.0"),
        ({**REST, "eval_overrides": []}, "body.eval_overrides"),
        ({**REST, "eval_overrides": {"x": 1}}, "body.eval_overrides.x"),
    ],
)
def test_wrong_requests_are_422_with_their_place(api: Durable, body: dict[str, Any], where: str) -> None:
    assert places(api.post(RUNS, body)) == [where]
    assert not Batch.objects.exists()


def test_an_override_that_wants_what_is_not_here_is_refused(api: Durable, place: Place) -> None:
    key = place.ids["eval GET /pets"]
    response = api.post(RUNS, {**REST, "eval_overrides": {key: {"skills_mode": "all"}}})
    assert places(response) == [f"body.eval_overrides.{key}.skills_mode"]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"", "missing"), (b"  ", "missing"), (b"{", "json_invalid"), (b"[]", "model_attributes_type"), (b'"x"', "model_attributes_type")],
)
def test_broken_json_an_array_and_an_empty_body_are_422(api: Durable, raw: bytes, kind: str) -> None:
    response = api.send("POST", RUNS, raw=raw)
    assert places(response) == ["body"]
    assert response.json()["detail"][0]["type"] == kind


@pytest.mark.parametrize("raw", [b'{"type": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"type": "\\ud800"}', b'{"type": "a\\u0000"}'])
def test_odd_json_is_422(api: Durable, raw: bytes) -> None:
    assert places(api.send("POST", RUNS, raw=raw))[0].startswith("body")


def test_other_content_is_415(api: Durable) -> None:
    assert api.send("POST", RUNS, raw=b"type=prompts", kind="application/x-www-form-urlencoded").status_code == 415


def test_a_body_that_is_too_large_is_413(api: Durable, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 100
    assert api.send("POST", RUNS, raw=b'{"x": "' + b"y" * 200 + b'"}').status_code == 413


def test_starting_needs_the_scope_to_run(api: Durable) -> None:
    for scope in ("read", "write"):
        response = Durable(api.project, [scope]).post(RUNS, PROMPTS)
        assert response.status_code == 403
        assert "scope run" in response.json()["detail"]
    assert Durable(api.project, ["run"]).post(RUNS, PROMPTS).status_code == 200


def test_a_spent_budget_is_403(api: Durable) -> None:
    api.project.monthly_budget_usd = Decimal("10")
    api.project.save()
    spend(api.project, "10")
    response = api.post(RUNS, PROMPTS)
    assert response.status_code == 403
    assert "budget of $10" in response.json()["detail"]
