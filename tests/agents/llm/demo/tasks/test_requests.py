"""Requests that a demo model writes: right by the operation that its task describes, and wrong where it makes a mistake."""

import json
from typing import Any

import pytest

from agents.llm.demo.tasks import answered, requests
from templates_app.openapi.answer import NoRequest, written_request
from templates_app.openapi.checking import check_request
from templates_app.openapi.document import read_document
from templates_app.openapi.operations import import_operations
from templates_app.openapi.snapshot import Operation
from templates_app.openapi.task import request_task
from tests.support.item_api import operation

TOKEN = {"TOKEN": "s3cret"}


def described(method: str, path: str, **told: Any) -> Operation:
    """The one operation of a document, with its components under `components`."""
    components = told.pop("components", {})
    paths = {path: {method: {"responses": {"200": {"description": "Done."}}, **told}}}
    document = {"openapi": "3.1.0", "info": {"title": "Any", "version": "1"}, "paths": paths, "components": components}
    return import_operations(read_document(json.dumps(document))).operations[0]


def right_answer(asked: Operation, **told: Any) -> str:
    answer = answered(request_task(asked, base_url="http://127.0.0.1/v1", **told), model="agent", mistakes_of_ten=0)
    assert answer is not None
    return answer


def reasons(asked: Operation, answer: str, known: dict[str, str] | None = None) -> list[str]:
    try:
        return [
            str(reason) for reason in check_request(asked, written_request(answer), known or {}, base_url="http://127.0.0.1/v1").reasons
        ]
    except NoRequest as error:
        return [str(error.reason)]


def test_it_writes_the_request_that_the_documentation_describes() -> None:
    answer = json.loads(right_answer(operation(), variable_names=["TOKEN"]))
    assert (answer["method"], answer["path"], answer["headers"]) == ("PUT", "/items/1", {"Authorization": "Bearer {{TOKEN}}"})
    assert isinstance(answer["body"]["name"], str)
    assert "query" not in answer


def test_what_the_task_names_is_taken_from_it() -> None:
    answer = json.loads(right_answer(operation(), custom_prompt='Store item id 42 with the name "Lamp" and notify its owner.'))
    assert (answer["path"], answer["query"], answer["body"]) == ("/items/42", {"notify": True}, {"name": "Lamp"})


def test_what_stands_in_the_context_is_taken_from_it() -> None:
    told = request_task(operation()) + "\n\nContext:\n" + json.dumps({"id": 7, "name": "Desk"}, indent=2)
    answer = json.loads(str(answered(told, model="agent", mistakes_of_ten=0)))
    assert (answer["path"], answer["body"]) == ("/items/7", {"name": "Desk"})


def test_without_variables_it_gives_no_credentials() -> None:
    assert "headers" not in json.loads(right_answer(operation()))


@pytest.mark.parametrize(
    ("scheme", "names", "place", "written"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, ["BASE", "API_KEY"], "headers", {"X-Key": "{{API_KEY}}"}),
        ({"type": "apiKey", "in": "query", "name": "key"}, ["API_KEY"], "query", {"key": "{{API_KEY}}"}),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, ["SESSION"], "cookies", {"sid": "{{SESSION}}"}),
        ({"type": "http", "scheme": "basic"}, ["LOGIN", "PASSWORD"], "headers", {"Authorization": "Basic {{LOGIN}}:{{PASSWORD}}"}),
    ],
)
def test_credentials_go_where_the_scheme_says(scheme: dict[str, str], names: list[str], place: str, written: dict[str, str]) -> None:
    asked = described("get", "/items", security=[{"it": []}], components={"securitySchemes": {"it": scheme}})
    answer = right_answer(asked, variable_names=names)
    assert json.loads(answer)[place] == written
    assert reasons(asked, answer, dict.fromkeys(names, "x")) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
        {"type": "string", "minLength": 40, "maxLength": 60},
        {"type": "string", "maxLength": 2},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"type": "string", "format": "email"},
        {"type": "string", "enum": ["sold", "free"]},
        {"type": "integer", "minimum": 10, "multipleOf": 4},
        {"type": "integer", "exclusiveMinimum": 0, "maximum": 3},
        {"type": "number", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
        {"type": "number", "maximum": -3},
        {"type": ["null", "boolean"]},
        {"const": {"a": 1}},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "readOnly": True}}},
        {
            "allOf": [
                {"required": ["a"], "properties": {"a": {"type": "integer"}}},
                {"required": ["b"], "properties": {"b": {"type": "number"}}},
            ]
        },
        {"oneOf": [{"type": "null"}, {"type": "object", "required": ["x"], "properties": {"x": {"type": "string"}}}]},
        {"$ref": "#/components/schemas/Tree"},
    ],
    ids=str,
)
def test_bodies_fit_their_schemas(schema: dict[str, Any]) -> None:
    tree = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "children": {"type": "array"}}}
    tree["properties"]["children"]["items"] = {"$ref": "#/components/schemas/Tree"}  # type: ignore[index]
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    asked = described("post", "/things", requestBody=body, components={"schemas": {"Tree": tree}})
    assert reasons(asked, right_answer(asked)) == []


def test_a_description_with_braces_and_several_lines_hides_no_schema() -> None:
    parameter = {"name": "status", "in": "query", "required": True, "description": 'Such as {"a": 1}.\n\nParameters:\n- see {x}'}
    asked = described("get", "/items", parameters=[parameter | {"schema": {"type": "string", "enum": ["sold"]}}])
    assert json.loads(right_answer(asked))["query"] == {"status": "sold"}


def test_schemas_that_multiply_come_to_an_end() -> None:
    names = [f"p{number}" for number in range(20)]
    node = {"type": "object", "required": names, "properties": {name: {"$ref": "#/components/schemas/Node"} for name in names}}
    node["allOf"] = [{"$ref": "#/components/schemas/Node"}] * 20
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}
    asked = described("post", "/things", requestBody=body, components={"schemas": {"Node": node}})
    assert len(right_answer(asked)) < 200_000


def test_without_documentation_it_guesses_from_the_words() -> None:
    answer = json.loads(right_answer(operation(), with_docs=False, custom_prompt="Delete the booking 12 of the customer."))
    assert answer["method"] == "DELETE"
    assert answer["path"].endswith("/12")


def test_some_tasks_go_wrong_for_different_reasons_and_more_of_them_in_haste() -> None:
    found: dict[str, list[str]] = {"agent": [], "hasty": []}
    for number in range(200):
        asked = request_task(operation(), base_url=f"http://127.0.0.1/v{number}", variable_names=["TOKEN"])
        for model, mistakes in (("agent", 2), ("hasty", 5)):
            answer = answered(asked, model=model, mistakes_of_ten=mistakes)
            found[model] += reasons(operation(), str(answer), TOKEN)
    assert 10 < len(found["agent"]) < len(found["hasty"]) < 150
    wanted = "wrong_method wrong_path unknown_parameter invalid_body missing_body auth unknown_variable invalid_request"
    assert set(wanted.split()) <= set(found["hasty"])


def test_the_same_task_gets_the_same_answer() -> None:
    asked = request_task(operation())
    assert answered(asked, model="agent", mistakes_of_ten=5) == answered(asked, model="agent", mistakes_of_ten=5)


@pytest.mark.parametrize("text", ["Hello there", "Write one HTTP request that does this:\nanything", ""])
def test_talk_is_no_task(text: str) -> None:
    assert requests.task_in(text) is None
    assert answered(text, model="agent", mistakes_of_ten=0) is None
