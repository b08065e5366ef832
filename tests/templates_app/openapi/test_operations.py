"""What is taken from a document, and what is reported instead."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.openapi.document import document as own_document
from templates_app.openapi.operations import LARGEST_SNAPSHOT, LARGEST_TOGETHER
from templates_app.openapi.schemas import LARGEST_DEFINITIONS
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, imported, of, operation


def reasons(document: Any, kind: str = "skipped") -> dict[str, str]:
    return {remark["place"]: remark["reason"] for remark in getattr(imported(document), kind)}


def test_it_takes_every_operation_that_can_be_asked() -> None:
    found = imported(PET_SHOP)
    assert (found.title, found.version, found.servers) == ("Pet shop", "1.4.0", ["https://eu.pets.example.com/api/v3"])
    assert [f"{each['method']} {each['path']}" for each in found.operations] == [
        "GET /pets",
        "POST /pets",
        "GET /pets/{petId}",
        "DELETE /pets/{petId}",
        "POST /login",
    ]


def test_a_snapshot_is_whole_and_can_be_stored() -> None:
    found = operation(PET_SHOP, "GET /pets")
    assert json.loads(json.dumps(found)) == found
    assert (found["operation_id"], found["summary"], found["category"]) == ("listPets", "List pets", "pets")
    assert [(each["in"], each["name"], each["style"], each["explode"], each["required"]) for each in found["parameters"]] == [
        ("query", "limit", "form", True, True),
        ("query", "tags", "form", True, False),
        ("query", "status", "form", False, False),
        ("query", "born", "deepObject", True, False),
        ("header", "X-Trace", "simple", False, False),
        ("cookie", "session", "form", True, False),
    ]
    assert found["responses"]["200"]["content"] == {"application/json": {"type": "array", "items": {"$ref": "#/$defs/Pet"}}}
    assert sorted(found["definitions"]) == ["Owner", "Pet"]
    assert found["security"] == [[{"scheme": "api_key", "in": "header", "name": "X-Api-Key", "prefix": ""}]]


def test_security_of_an_operation_goes_before_that_of_the_document() -> None:
    assert operation(PET_SHOP, "GET /pets/{petId}")["security"] == [[]]
    assert operation(PET_SHOP, "POST /login")["security"] == []
    either = operation(PET_SHOP, "DELETE /pets/{petId}")["security"]
    assert [[(each["name"], each["prefix"]) for each in way] for way in either] == [[("Authorization", "Bearer ")], [("X-Api-Key", "")]]


def test_the_old_dialect_becomes_the_new_one() -> None:
    pet = operation(PET_SHOP, "POST /pets")["definitions"]["Pet"]
    assert isinstance(pet, dict)
    assert pet["properties"]["kind"] == {"type": ["string", "null"], "enum": ["cat", "dog", None]}
    assert pet["properties"]["owner"] == {"anyOf": [{"allOf": [{"$ref": "#/$defs/Owner"}]}, {"type": "null"}]}
    assert operation(PET_SHOP, "GET /pets/{petId}")["parameters"][0]["schema"] == {"type": "integer", "exclusiveMinimum": 0}


def test_in_the_old_dialect_only_a_reference_counts_and_in_the_new_one_what_is_beside_it_too() -> None:
    def beside(is_old: bool) -> Any:
        found = operation(of({"$ref": "#/components/schemas/A", "maxLength": 2}, is_old, A={"type": "string"}), "PUT /thing")
        assert found["body"]
        return found["body"]["content"]["application/json"]

    assert beside(True) == {"$ref": "#/$defs/A"}
    assert beside(False) == {"$ref": "#/$defs/A", "maxLength": 2}


def test_a_property_may_be_named_like_a_keyword() -> None:
    schema = {"type": "object", "properties": {"$ref": {"type": "string"}, "nullable": {"type": "boolean"}, "enum": {"type": "integer"}}}
    found = operation(of(schema, is_old=True), "PUT /thing")
    assert found["body"] is not None
    assert found["body"]["content"]["application/json"] == schema


def test_it_says_what_it_skipped_and_why() -> None:
    assert reasons(PET_SHOP) == {
        "POST /pets/{petId}/photo": "Its body is multipart/form-data; JSON, forms (urlencoded) and text can be written."
    }
    assert reasons(PET_SHOP, "notes") == {"POST /pets": "Its body cannot be written as application/xml."}
    assert reasons(ORDERS) == {"webhook orderShipped": "A webhook is sent by the API, so no request is written for it."}
    assert reasons(ORDERS, "notes") == {
        "POST /orders": "Its callbacks are sent by the API, so they are not taken.",
        "GET /orders/{id}.{kind}": "Its path has parameters that are not described, so any text will do: id, kind.",
    }


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        ({"trace": {}}, "TRACE /thing", "'trace' is no method that requests are made with."),
        ({"get": []}, "GET /thing", "An operation must be an object."),
        (
            {"get": {"parameters": [{"name": "a", "in": "path", "style": "matrix"}]}},
            "GET /thing",
            "The path parameter 'a' has the style 'matrix'; simple can be written.",
        ),
        (
            {"get": {"parameters": [{"$ref": "https://example.com/a.json"}]}},
            "GET /thing",
            "A parameter cannot be read: 'https://example.com/a.json' points outside the document, and nothing is fetched.",
        ),
        (
            {"get": {"requestBody": {"$ref": "body.yaml"}}},
            "GET /thing",
            "Its body cannot be read: 'body.yaml' points outside the document, and nothing is fetched.",
        ),
        (
            {"get": {"parameters": [{"in": "query"}]}},
            "GET /thing",
            "A parameter has no name, or is in none of path, query, header and cookie.",
        ),
        (
            {"get": {"parameters": [{"name": "a", "in": "query", "schema": {"type": "strin"}}]}},
            "GET /thing",
            "One of its schemas is not valid: type: the value is not valid under any of the schemas listed in the 'anyOf' keyword.",
        ),
        (
            {"get": {"parameters": [{"$ref": "#/components/parameters/a"}]}},
            "GET /thing",
            "A parameter cannot be read: '#/components/parameters/a' points to nothing in the document.",
        ),
        (
            {"get": {"parameters": [{"$ref": "#/paths/~1thing/get/parameters/0"}]}},
            "GET /thing",
            "A parameter cannot be read: '#/paths/~1thing/get/parameters/0' leads to more than 20 other references, or to itself.",
        ),
        ({"get": {"description": "x" * LARGEST_SNAPSHOT}}, "GET /thing", "It has 262,"),
    ],
)
def test_one_operation_that_cannot_be_taken_does_not_spoil_the_others(change: dict[str, Any], place: str, reason: str) -> None:
    given = of(True)
    given["paths"]["/thing"].update(change)
    found = imported(given)
    assert [each["method"] for each in found.operations] == ["PUT"]
    assert [(each["place"], each["reason"].startswith(reason)) for each in found.skipped] == [(place, True)]


def test_an_operation_whose_component_is_no_schema_is_skipped_wherever_it_comes_from() -> None:
    given = of(
        {"items": {"$ref": "#/components/schemas/A"}}, A={"properties": {"b": {"$ref": "#/components/schemas/B"}}}, B={"pattern": "("}
    )
    given["paths"]["/fine"] = {"get": {"responses": {}}}
    assert reasons(given) == {"PUT /thing": 'One of its schemas is not valid: B: pattern: the value is not a "regex".'}
    assert [each["path"] for each in imported(given).operations] == ["/fine"]


def test_paths_that_differ_in_names_only_are_one() -> None:
    given = of(True)
    get = {"get": {"responses": {}}}
    given["paths"] |= {"/things/{a}": get, "/things/{b}/": get, "no-slash": get, "/far": {"$ref": "other.json#/a"}, "x-more": {}}
    assert reasons(given) == {
        "GET /things/{b}/": "It is the same operation as GET /things/{a}, which was taken.",
        "no-slash": "A path begins with a slash and has at most 500 characters.",
        "/far": "The path cannot be read: 'other.json#/a' points outside the document, and nothing is fetched.",
    }


@pytest.mark.parametrize(
    ("schema", "note"),
    [
        ({"$ref": "http://127.0.0.1:1/x"}, "The reference 'http://127.0.0.1:1/x' points outside the document, and nothing is fetched"),
        ({"$ref": "file:///etc/passwd"}, "The reference 'file:///etc/passwd' points outside the document, and nothing is fetched"),
        ({"$ref": "#here"}, "The reference '#here' is an anchor, which is not followed"),
        ({"items": {"$ref": "#/components/schemas/No"}}, "The reference '#/components/schemas/No' points to nothing in the document"),
        ({"$dynamicRef": "#x"}, "$dynamicRef is not read"),
    ],
)
def test_a_schema_that_lies_elsewhere_is_reported_and_not_checked(schema: Any, note: str) -> None:
    assert reasons(of(schema), "notes") == {"PUT /thing": f"{note}, so what it asks for is not checked."}


def test_large_schemas_are_cut_where_they_are_furthest() -> None:
    many = {
        f"S{n}": {"type": "object", "description": "x" * 1000, "properties": {"next": {"$ref": f"#/components/schemas/S{n + 1}"}}}
        for n in range(200)
    }
    given = of({"$ref": "#/components/schemas/S0"}, **many, S200={"type": "integer"})
    found = operation(given, "PUT /thing")
    assert len(json.dumps(found["definitions"])) < LARGEST_DEFINITIONS + 5000
    assert len(found["left_out"]) == 1
    assert reasons(given, "notes")["PUT /thing"].endswith(f"is not checked: {found['left_out'][0]} first.")


def test_a_small_document_does_not_become_hundreds_of_megabytes() -> None:
    """Three thousand operations of one large set of schemas: each is kept with all of them."""
    schemas = {f"S{at}": {"description": "x" * 500, "allOf": [{"$ref": f"#/components/schemas/S{at + 1}"}]} for at in range(100)}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    post = {"requestBody": body, "responses": {"200": {"description": "Done"}}}
    paths = {f"/p{at}": {"post": post} for at in range(1500)}
    found = imported({"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": {**schemas, "S100": {"type": "object"}}}})
    assert LARGEST_TOGETHER < found.size < LARGEST_TOGETHER + LARGEST_SNAPSHOT
    assert len(found.operations) + len(found.skipped) == 1500
    assert "characters together" in found.skipped[0]["reason"]


def test_references_to_any_place_get_a_name_that_is_free() -> None:
    given = of(
        {"properties": {"a": {"$ref": "#/components/schemas/A/properties/x"}, "b": {"$ref": "#/components/schemas/B~1c%7E1d/properties/x"}}}
    )
    given["components"]["schemas"] = {"A": {"properties": {"x": {"type": "string"}}}, "B/c/d": {"properties": {"x": {"type": "integer"}}}}
    assert operation(given, "PUT /thing")["definitions"] == {"x": {"type": "string"}, "x_2": {"type": "integer"}}


def test_it_takes_all_of_our_own_document() -> None:
    found = imported(json.loads(json.dumps(own_document())))
    assert len(found.operations) > 20
    assert found.skipped == []


@pytest.mark.parametrize(("name", "count"), [("durable-eval-runs.openapi.yaml", 41), ("evals.openapi.json", 18)])
def test_it_takes_all_of_the_public_contracts(shared: Path, name: str, count: int) -> None:
    found = imported((shared / "spec" / name).read_text())
    assert len(found.operations) == count
    assert found.skipped == []
