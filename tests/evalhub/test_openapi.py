"""The API's document: complete, true in its examples, and there for everybody."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from evalhub.accounts.endpoint import Endpoint
from evalhub.common.describing import Operation
from evalhub.openapi.document import body_names, document
from runs.api.durable.endpoint import DurableEndpoint
from runs.events.types import EVENT_TYPES, Totals
from runs.models import EvalRun
from templates_app.services import system_templates_ensure
from tests import factories
from tests.runs.api.client import Api, checked
from tests.support.described import check_described, check_shape

HTTP_METHODS = ("get", "post", "put", "patch", "delete")
REFERENCE = "#/components/schemas/"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def endpoints(resolver: URLResolver | None = None) -> Iterator[type[Endpoint]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern)
        elif isinstance(pattern, URLPattern) and issubclass(found := getattr(pattern.callback, "view_class", object), Endpoint):
            yield found


def test_generating_it_gives_no_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "document.yaml"))


def test_every_method_of_every_endpoint_is_described() -> None:
    found = [endpoint for endpoint in endpoints() if not issubclass(endpoint, DurableEndpoint)]  # tests/contract/durable has those
    assert len(found) >= 11
    for endpoint in found:
        methods = {method.upper() for method in HTTP_METHODS if hasattr(endpoint, method)}
        described: dict[str, Operation] = getattr(endpoint, "operations", {})
        assert set(described) == methods == set(endpoint.scopes), endpoint.__name__


def test_every_operation_has_a_sentence_a_tag_and_a_name_of_its_own() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    known = {tag["name"] for tag in document()["tags"]}
    for _, _, operation in operations():
        assert operation["summary"].endswith(".")
        assert set(operation["tags"]) <= known


def test_operations_stand_in_the_order_in_which_a_person_meets_them() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert names[:4] == ["runEval", "simulateAgent", "evaluateAgent", "evalOnly"]
    assert names[4:8] == ["listEvalRuns", "getEvalRun", "deleteEvalRun", "streamEvalEvents"]
    assert names[8:10] == ["cancelEvalRun", "resumeEvalRun"]
    assert names[10:15] == ["listEvalTemplates", "createEvalTemplate", "getEvalTemplate", "updateEvalTemplate", "deleteEvalTemplate"]
    assert names[15:20] == ["listAgents", "createAgent", "getAgent", "deleteAgent", "updateAgentProfile"]
    assert names[20:] == ["getSchema"]


def test_nothing_refers_to_a_component_that_is_not_there() -> None:
    found = set(_references(document()))
    assert found
    components = document()["components"]
    assert found <= {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in components[kind]}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_every_body_forbids_keys_that_it_does_not_name() -> None:
    open_ones = {name for name, schema in document()["components"]["schemas"].items() if schema.get("additionalProperties") is not False}
    assert open_ones == {"EvalRunEvent", "JSONSchema", "JudgeResult"}  # the first is a choice of closed ones, in the others more may come


def test_every_kind_of_event_is_described_and_validates() -> None:
    schema = {"$ref": f"{REFERENCE}EvalRunEvent"}
    for kind in EVENT_TYPES.values():
        check_shape(schema, {**kind().payload(Totals()), "run_id": str(uuid.uuid4()), "seq": 0})


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema"])
def test_it_is_served_as_yaml_and_as_json_to_everybody(client: Client, path: str) -> None:
    as_yaml = client.get(path)
    assert as_yaml["Content-Type"] == "application/vnd.oai.openapi"
    by_format, by_accept = client.get(path, {"format": "json"}), client.get(path, headers={"Accept": "application/json"})
    assert by_format["Content-Type"] == by_accept["Content-Type"] == "application/vnd.oai.openapi+json"
    assert yaml.safe_load(as_yaml.content) == by_format.json() == by_accept.json() == document()


def test_a_format_that_there_is_not_is_refused_with_a_problem(client: Client) -> None:
    refused = client.get("/api/schema/", {"format": "xml"})
    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"][0]["location"] == "query.format"


def test_it_is_made_once() -> None:
    assert document() is document()


@pytest.mark.parametrize("name", body_names())
def test_every_body_has_a_json_schema_that_needs_nothing_else(client: Client, name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    response = client.get(f"/api/v1/schemas/{name}.json")
    schema = response.json()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"http://testserver/api/v1/schemas/{name}.json"
    assert all(reference == "#" or reference.removeprefix("#/$defs/") in schema["$defs"] for reference in _references(schema))
    check_described("GET", f"/api/v1/schemas/{name}.json", 200, response.headers, response.content)


def test_a_body_that_there_is_not_is_a_problem_that_lists_those_there_are(client: Client) -> None:
    missing = client.get("/api/v1/schemas/Nothing.json")
    assert missing.status_code == 404
    assert all(name in missing.json()["detail"] for name in body_names())


@pytest.mark.parametrize("path", ["/api/docs/", "/api/docs", "/api/schema/", "/api/v1/schemas/RunningBody.json"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_what_only_describes_refuses_other_methods_as_the_api_does(path: str, method: str) -> None:
    response = checked(Client(enforce_csrf_checks=True).generic(method, path))
    assert (response.status_code, response["Content-Type"]) == (405, "application/problem+json")
    assert set(response["Allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/api/docs/", "/api/docs"])
def test_the_page_to_try_it_on_needs_no_key_and_nothing_from_elsewhere(client: Client, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert "http://" not in page.content.decode()
    assert "https://" not in page.content.decode()
    assert settings.CSRF_COOKIE_NAME in page.cookies  # for requests in a session


@pytest.mark.django_db
def test_every_example_is_true() -> None:
    """Each is sent as it stands in the document, in an order in which each finds what it needs; answers have the example's shape."""
    api = Api(factories.project())
    system_templates_ensure()
    factories.agent(project=api.project)
    tried = []
    for name in ORDER:
        method, path, operation = next((method, path, each) for method, path, each in operations() if each["operationId"] == name)
        if name == "evalOnly":  # its source must be over
            EvalRun.objects.update(status="completed")
        if name == "resumeEvalRun":
            EvalRun.objects.update(status="interrupted")
        run = str(EvalRun.objects.values_list("id", flat=True).first() or "")
        target, body = _example_request(path, operation, run)
        response = api.send(method.upper(), target.removeprefix("/api/v1"), body)
        described = next(each for status, each in operation["responses"].items() if status < "300")
        assert response.status_code < 300, (name, response.content)
        check_described(method.upper(), target, response.status_code, response.headers, response.content)
        (content,) = described["content"].values()
        if "example" in content:
            check_shape(content["schema"], content["example"])
            assert _kinds(content["example"]) == _kinds(response.json()), name
        tried.append(name)
    assert {*tried, "streamEvalEvents"} == {operation["operationId"] for _, _, operation in operations()}


ORDER = (
    *("createAgent", "getAgent", "updateAgentProfile", "listAgents", "createEvalTemplate", "getEvalTemplate", "updateEvalTemplate"),
    *("listEvalTemplates", "evaluateAgent", "getEvalRun", "listEvalRuns", "cancelEvalRun", "resumeEvalRun"),
    *("evalOnly", "simulateAgent", "runEval", "deleteEvalRun", "deleteEvalTemplate", "deleteAgent", "getSchema"),
)


def _example_request(path: str, operation: dict[str, Any], run: str) -> tuple[str, Any]:
    """Path and body of the example; the id of a run, which nobody can know before, is that of a run there is."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", run if parameter["name"] == "runId" else parameter["example"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    if body and "source_run_id" in body:
        body = {**body, "source_run_id": run}
    return path, json.loads(json.dumps(body))


OPEN = ("character_config", "template_snapshot", "simulation_config", "user_persona", "simulation_state")


def _kinds(value: Any, key: str = "") -> Any:
    """Keys and kinds of a value, of a list the first item's; objects that are free hold what they hold."""
    if isinstance(value, dict):
        return "an object" if key in OPEN else {name: _kinds(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_kinds(inner, key) for inner in value[:1]]
    return type(value).__name__
