"""The errors of the API's document: each has an example, and the examples are what the server answers."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from evalhub.openapi.document import document, response_of
from tests import factories
from tests.runs.api.client import Api
from tests.support.described import check_shape

PROBLEM = "application/problem+json"
EVERYWHERE = {"401", "403", "429", "500", "503"}
ONLY_A_SENTENCE = {("getSchema", "404"), ("createAgent", "404")}


def refusals() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(operation, status, response) of every error of every operation."""
    for methods in document()["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    yield operation["operationId"], status, response


def example(operation: str, status: int) -> Any:
    response = next(each for name, code, each in refusals() if (name, code) == (operation, str(status)))
    return response_of(response)["content"][PROBLEM]["example"]


def without_numbers(body: Any) -> str:
    return re.sub(r"[\d,]+", "0", str(body))


def test_every_error_has_an_example_of_its_status() -> None:
    without = set()
    for name, status, response in refusals():
        content = response_of(response)["content"][PROBLEM]
        if "example" not in content:
            without.add((name, status))
            continue
        assert content["example"]["status"] == int(status), (name, status)
        check_shape(content["schema"], content["example"])
    assert without == ONLY_A_SENTENCE


def test_what_goes_wrong_everywhere_in_the_same_way_is_described_once() -> None:
    shared = {(name, status) for name, status, response in refusals() if "$ref" in response}
    assert {status for name, status in shared if name == "listEvalRuns"} == EVERYWHERE
    assert {status for name, status in shared if name == "runEval"} == EVERYWHERE | {"400", "413", "415"}


@pytest.mark.django_db
def test_the_examples_are_what_a_request_that_goes_wrong_is_answered(client: Client) -> None:
    api = Api(factories.project())
    factories.agent(project=api.project)
    assert client.get("/api/v1/agents").json() == example("listAgents", 401)
    path = "/agents/Mara/run-eval"
    assert Api(api.project, scopes=["read"]).post(path, {}).json() == example("runEval", 403)
    assert api.post(path, raw=b'{"template_id":').json() == example("runEval", 400)
    assert api.post(path, raw=b"{}", content_type="text/plain").json() == example("runEval", 415)
    assert api.get("/eval-runs/36435f18-8780-4a25-b009-68cdd1695d03").json() == example("getEvalRun", 404)
    assert api.get("/agents/Ada").json() == example("getAgent", 404)
    wrong = {**_body("runEval"), "template_id": []}
    assert api.post(path, wrong).json() == example("runEval", 422)


@pytest.mark.django_db
def test_the_examples_of_limits_are_what_is_answered_beyond_them(settings: Any) -> None:
    api = Api(factories.project())
    factories.agent(project=api.project)
    settings.MAX_BODY_BYTES = 8 * 1024 * 1024
    assert api.post("/agents", raw=b" " * (settings.MAX_BODY_BYTES + 1)).json() == example("createAgent", 413)
    settings.API_RATE_LIMIT = "3/minute"
    api.get("/agents")
    assert without_numbers([api.get("/agents") for _ in range(3)][-1].json()) == without_numbers(example("listAgents", 429))


@pytest.mark.django_db
def test_the_example_of_a_conflict_is_what_a_key_that_was_used_is_answered() -> None:
    api = Api(factories.project())
    api.headers["Idempotency-Key"] = "order-4711"
    assert api.post("/eval-templates", {"name": "One"}).status_code == 200
    refused = api.post("/eval-templates", {"name": "Another"}).json()
    assert without_numbers(refused) == without_numbers(example("createEvalTemplate", 409))


def _body(name: str) -> Any:
    operation = next(each for methods in document()["paths"].values() for each in methods.values() if each["operationId"] == name)
    return operation["requestBody"]["content"]["application/json"]["example"]
