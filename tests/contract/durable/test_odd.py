"""Every operation with one odd thing at a time, in path, query or body: refused in the contract's form, or taken; never broken."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from runs.api.durable.document import document
from tests.contract.durable.contract import Durable, checked
from tests.contract.durable.place import ENGINE, TEXT, Place
from tests.process.test_fuzz import ODD_NAMES, _odd_bodies

pytestmark = pytest.mark.django_db
OPERATIONS = [(method.upper(), path, operation) for path, methods in document()["paths"].items() for method, operation in methods.items()]
BODIES: dict[str, Any] = {
    "prompts_create": {"prompts": [{"topic_id": "x", "text": "y", "platform_ids": ["demo"]}]},
    "prompts_update": {"text": "x", "topic_id": "x", "platform_ids": ["demo"], "is_active": True},
    "prompts_topics_create": {"name": "x"},
    "prompts_topics_update": {"name": "x"},
    "eval_runs_create": {
        "type": "api_performance",
        "source_type": "rest_api",
        "source_id": "x",
        "targets": [TEXT],
        "models": ["x"],
        "operation_paths": ["GET:/pets"],
        "env_profile_ids": ["staging"],
        "eval_overrides": {"x": {"run_context": {}}},
    },
    "api_performance_diagnose": {"since": "20d", "format": "md", "include_examples": True, "max_examples": 1},
    "api_performance_config_update": {
        "models": ["demo/agent"],
        "targets": [{**TEXT, "frequency": "daily"}],
        "env_vars": {"A": "b"},
        "env_profiles": [{"id": "x", "name": "y", "env_vars": {"A": "b"}}],
        "default_env_profile_id": "x",
        "api_base_url": "https://x.example",
        "source_id": "x",
    },
    "api_performance_evals_update": {"custom_prompt": "x", "model_ids": ["y"], "run_context": {"z": 1}, "enabled": True},
    "api_performance_custom_evals_create": {"prompt": "x", "prompt_template": "{{company_name}}", "category_name": "y", "eval": {}},
    "api_performance_custom_evals_update": {"prompt": "x", "competitor": "y", "eval": {"docs_mode": "default"}},
}
TOLD = (200, 400, 404, 405, 409, 422)  # what the page has for a key that may do everything; 500 is none of it
LARGEST = 20_000  # limits have tests of their own; here many requests are sent


def odd_requests(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    there = path.replace("{", "").replace("}", "")
    yield from ((path.split("{")[0] + name, b"") for name in ODD_NAMES if "{" in path)
    queries = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
    yield from ((f"{there}?{name}={odd}", b"") for name in queries for odd in (*ODD_NAMES, quote("\x00"), "9" * 400))
    for body in _odd_bodies(BODIES.get(operation["operationId"], {})) if "requestBody" in operation else ():
        raw = json.dumps(body).encode()
        if len(raw) < LARGEST:
            yield there, raw


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=[operation["operationId"] for _, _, operation in OPERATIONS])
def test_nothing_odd_breaks_it(method: str, path: str, operation: dict[str, Any]) -> None:
    place = Place()
    api = Durable(place.project)
    client = Client()
    for address, raw in odd_requests(path, operation):
        known = raw.replace(b'"source_id": "x"', b'"source_id": "%s"' % place.ids["pets"].encode())
        answer = checked(client.generic(method, address, known, content_type="application/json", headers=api.headers))
        assert answer.status_code in TOLD, (address[:200], known[:500], answer.content[:500])


def test_every_body_of_the_contract_has_an_example_here() -> None:
    assert {operation["operationId"] for _, _, operation in OPERATIONS if "requestBody" in operation} == set(BODIES)


def prompts(place: Place) -> dict[str, Any]:
    """A request with every field, each with a value that is taken."""
    target = {**ENGINE, "prompt_topic_id": place.ids["topic price"], "enabled": True}
    return {"type": "prompts", "prompt_ids": [place.ids["price"]], "targets": [target], "force": True}


def tasks(place: Place) -> dict[str, Any]:
    """The same of operations."""
    eval_id = place.ids["eval GET /pets"]
    return {
        "type": "api_performance",
        "source_type": "rest_api",
        "source_id": place.ids["pets"],
        "targets": [{**TEXT, "enabled": True}],
        "categories": ["read"],
        "operation_ids": [place.ids["GET /pets"]],
        "eval_ids": [eval_id],
        "custom_eval_ids": [place.ids["dinner"]],
        "eval_types": ["rest_api"],
        "env_profile_ids": ["staging"],
        "eval_overrides": {eval_id: {"env_profile_ids": ["staging"]}},
    }


@pytest.mark.parametrize("request_of", [prompts, tasks])
def test_one_odd_value_in_a_request_that_would_run_is_refused_or_taken(request_of: Callable[[Place], dict[str, Any]]) -> None:
    place = Place()
    api = Durable(place.project)
    whole = request_of(place)
    assert api.post("/eval-runs", whole).status_code == 200
    for body in _odd_bodies(whole):
        if len(json.dumps(body)) < LARGEST:
            answer = api.post("/eval-runs", body)
            assert answer.status_code in TOLD, (body, answer.content)
