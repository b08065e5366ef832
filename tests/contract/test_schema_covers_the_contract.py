"""Our OpenAPI document against the public contract: what a client of the contract sends is described, and so is all that it reads."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalhub.openapi.document import document, response_of

Schema = dict[str, Any]
SERVER = "/api/v1"
# What evals-api.md says beyond the contract, or against it.
ACCEPTED = {"POST /agents/{agentId}/evaluate": "202"}
MORE_KEYS = {
    "ErrorModel": {"message", "error", "code", "resource", "required_scope"},
    "ErrorDetail": {"field", "code"},
    "PaginatedEvalRunsResponse": {"total_count"},
}
OTHER_REQUIRED = {"ErrorModel", "ErrorDetail", "PaginatedEvalRunsResponse"}


@dataclass(frozen=True)
class Documents:
    """The contract and ours."""

    theirs: Schema
    ours: Schema

    def operations(self) -> Iterator[tuple[str, Schema, Schema]]:
        """(name, the contract's, ours) of each operation that both have."""
        for path, methods in self.theirs["paths"].items():
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation, self.ours["paths"][SERVER + path][method]


@pytest.fixture
def documents(shared: Path) -> Documents:
    return Documents(json.loads((shared / "spec" / "evals.openapi.json").read_text()), document())


@dataclass(frozen=True)
class Shape:
    """A schema with its references followed and its alternatives laid over each other."""

    name: str
    types: frozenset[str]
    properties: Schema
    required: frozenset[str]
    enum: frozenset[Any]
    items: Schema | None
    values: Schema | None


def shape(schema: Schema, root: Schema) -> Shape:
    parts = list(_parts(schema, root))
    kinds = [part.get("type", []) for _, part in parts]
    values = [part["additionalProperties"] for _, part in parts if isinstance(part.get("additionalProperties"), dict)]
    return Shape(
        name=next((name for name, _ in parts if name), ""),
        types=frozenset(kind for each in kinds for kind in ([each] if isinstance(each, str) else each)),
        properties={key: inner for _, part in parts for key, inner in part.get("properties", {}).items()},
        required=frozenset.intersection(*(frozenset(part.get("required", ())) for _, part in parts if "properties" in part))
        if any("properties" in part for _, part in parts)
        else frozenset(),
        enum=frozenset(value for _, part in parts for value in part.get("enum", ())),
        items=next((part["items"] for _, part in parts if "items" in part), None),
        values=values[0] if values else None,
    )


def _parts(schema: Schema, root: Schema, name: str = "") -> Iterator[tuple[str, Schema]]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _parts(root["components"]["schemas"][name], root, name)
        return
    others = [each for word in ("anyOf", "oneOf") for each in schema.get(word, ()) if "type" in each or "$ref" in each]
    if "type" in schema or "properties" in schema or not others:
        yield name, schema
    for each in others:
        yield from _parts(each, root, name)


def sent(theirs: Schema, ours: Schema, both: Documents, where: str) -> Iterator[str]:
    """What the contract lets a client send and our document does not."""
    their, our = shape(theirs, both.theirs), shape(ours, both.ours)
    if not our.types and not our.properties:
        return  # ours takes anything
    widened = our.types | ({"integer"} if "number" in our.types else set())
    if lost := their.types - widened - {"null"}:
        yield f"{where}: not {', '.join(sorted(lost))}"
    if our.required - their.required and their.properties:
        yield f"{where}: asks for {', '.join(sorted(our.required - their.required))}"
    if their.enum - our.enum and our.enum:
        yield f"{where}: not {sorted(their.enum - our.enum)}"
    yield from _inside(their, our, both, where, sent)


def answered(theirs: Schema, ours: Schema, both: Documents, where: str) -> Iterator[str]:
    """Where an answer that our document allows is none that the contract allows, or where a key of the contract is not told."""
    their, our = shape(theirs, both.theirs), shape(ours, both.ours)
    if not their.types and not their.properties:
        return  # the contract takes anything
    if lost := our.types - their.types - ({"integer"} if "number" in their.types else set()):
        yield f"{where}: {', '.join(sorted(lost))} is new"
    if more := set(our.properties) - set(their.properties) - MORE_KEYS.get(their.name, set()) if their.properties else set():
        yield f"{where}: new keys {', '.join(sorted(more))}"
    if our.required != their.required and their.name not in OTHER_REQUIRED:
        yield f"{where}: required are {sorted(our.required)}, not {sorted(their.required)}"
    yield from _inside(their, our, both, where, answered)


def _inside(their: Shape, our: Shape, both: Documents, where: str, compare: Any) -> Iterator[str]:
    for key, schema in their.properties.items():
        if key not in our.properties:
            yield f"{where}: no key {key}"
        else:
            yield from compare(schema, our.properties[key], both, f"{where}.{key}")
    for theirs, ours, place in ((their.items, our.items, "[]"), (their.values, our.values, "{}")):
        if theirs is not None and ours is not None:
            yield from compare(theirs, ours, both, where + place)


def test_it_has_every_path_and_method_of_the_contract(documents: Documents) -> None:
    wanted = {(SERVER + path, method) for path, methods in documents.theirs["paths"].items() for method in methods}
    assert wanted <= {(path, method) for path, methods in documents.ours["paths"].items() for method in methods}


def test_it_names_operations_and_parameters_as_the_contract_does(documents: Documents) -> None:
    for name, theirs, ours in documents.operations():
        assert ours["operationId"] == theirs["operationId"], name
        known = {(each["name"], each["in"]): each for each in ours.get("parameters", ())}
        for each in theirs.get("parameters", ()):
            described = known[each["name"], each["in"]]
            assert shape(each["schema"], documents.theirs).types == shape(described["schema"], documents.ours).types, (name, each["name"])
            assert bool(each.get("required")) == bool(described.get("required")), (name, each["name"])
            assert described["description"], (name, each["name"])


def test_it_takes_every_body_that_the_contract_takes(documents: Documents) -> None:
    missing: list[str] = []
    for name, theirs, ours in documents.operations():
        if "requestBody" in theirs:
            asked = (each["requestBody"]["content"]["application/json"]["schema"] for each in (theirs, ours))
            missing += sent(*asked, documents, name)
    assert missing == []


def test_it_answers_nothing_that_the_contract_does_not_have(documents: Documents) -> None:
    different: list[str] = []
    for name, theirs, ours in documents.operations():
        if name.endswith("/events"):
            continue
        done = theirs["responses"]["200"]
        described = ours["responses"][ACCEPTED.get(name, "200")]
        assert set(done.get("headers", ())) <= set(described["headers"]), name
        schemas = (each["content"]["application/json"]["schema"] for each in (done, described))
        different += answered(*schemas, documents, name)
    assert different == []


def test_every_event_may_be_read_as_the_contract_describes_it(documents: Documents) -> None:
    operation = documents.ours["paths"][f"{SERVER}/eval-runs/{{runId}}/events"]["get"]
    described = shape(operation["responses"]["200"]["content"]["text/event-stream"]["schema"], documents.ours)
    contract = documents.theirs["components"]["schemas"]["EvalRunEvent"]
    assert set(contract["properties"]) - {"$schema"} <= set(described.properties)
    assert set(contract["required"]) <= described.required


def test_every_error_is_the_problem_that_the_contract_describes(documents: Documents) -> None:
    for name, theirs, ours in documents.operations():
        problem = theirs["responses"]["default"]["content"]["application/problem+json"]["schema"]
        refused = {status: answer for status, answer in ours["responses"].items() if status >= "400"}
        assert {"401", "403", "429", "500"} <= set(refused), name
        for status, answer in refused.items():
            schema = response_of(answer)["content"]["application/problem+json"]["schema"]
            assert list(answered(problem, schema, documents, f"{name} {status}")) == []


def test_keys_are_sent_as_the_contract_says(documents: Documents) -> None:
    theirs, ours = (each["components"]["securitySchemes"]["apiKey"] for each in (documents.theirs, documents.ours))
    assert (ours["type"], ours["scheme"]) == (theirs["type"], theirs["scheme"])
    assert all({"apiKey": []} in operation["security"] for _, _, operation in documents.operations())
