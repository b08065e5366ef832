"""Responses of servers against what their operations document."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.openapi.checks import reasons_of
from templates_app.openapi.responses import check_response
from templates_app.reasons import FailureReason as Reason
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, operation

JSON = {"Content-Type": "application/json; charset=utf-8"}
REX = {"id": 1, "name": "Rex", "kind": "dog"}


def reasons(name: str, status: int, body: Any, headers: dict[str, str] = JSON, document: Any = PET_SHOP, **more: Any) -> list[Reason]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reasons_of(check_response(operation(document, name), status, headers, data, **more))


@pytest.mark.parametrize(
    ("name", "status", "body", "expected"),
    [
        ("GET /pets", 200, [], []),
        ("GET /pets", 200, [REX, {**REX, "parents": [REX], "owner": None}], []),
        ("GET /pets", 200, [{"name": "Rex", "kind": "dog"}], [Reason.SCHEMA_MISMATCH]),
        ("GET /pets", 200, {"pets": []}, [Reason.SCHEMA_MISMATCH]),
        ("GET /pets", 201, [], [Reason.STATUS_MISMATCH]),
        ("GET /pets", 500, {"title": "x"}, [Reason.STATUS_MISMATCH]),
        ("GET /pets", 401, b"", [Reason.AUTH]),
        ("GET /pets", 403, b"", [Reason.AUTH]),
        ("GET /pets", 200, b"", [Reason.INVALID_RESPONSE]),
        ("GET /pets", 200, b"<html>", [Reason.INVALID_RESPONSE]),
        ("GET /pets", 200, b"[NaN]", [Reason.INVALID_RESPONSE]),
        ("GET /pets", 200, b"[" * 100_000, [Reason.INVALID_RESPONSE]),
        ("GET /pets", 200, b"\xff\xfe", [Reason.INVALID_RESPONSE]),
        ("GET /pets/{petId}", 206, REX, []),
        ("GET /pets/{petId}", 404, b"", [Reason.STATUS_MISMATCH]),
        ("DELETE /pets/{petId}", 204, b"", []),
        ("DELETE /pets/{petId}", 200, b"", [Reason.STATUS_MISMATCH]),
    ],
)
def test_the_status_and_the_body_are_checked(name: str, status: int, body: Any, expected: list[Reason]) -> None:
    assert reasons(name, status, body) == expected


def test_what_is_for_writing_only_need_not_come_back() -> None:
    document = json.loads(json.dumps(ORDERS))
    thing = {"type": "object", "required": ["a", "b"], "properties": {"a": {"writeOnly": True}, "b": {"readOnly": True}}}
    answer = {"200": {"description": "", "content": {"application/json": {"schema": thing}}}}
    document["paths"] = {"/a": {"get": {"responses": answer}}}
    assert reasons("GET /a", 200, {"b": 1}, document=document) == []
    assert reasons("GET /a", 200, {"a": 1}, document=document) == [Reason.SCHEMA_MISMATCH]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/hal+json", []),
        ("application/json", []),
        ("application/vnd.x+json", []),
        ("", []),
        ("text/html", [Reason.INVALID_RESPONSE]),
        ("image/png", [Reason.INVALID_RESPONSE]),
    ],
)
def test_one_json_is_as_good_as_another_but_nothing_else_is(content_type: str, expected: list[Reason]) -> None:
    assert reasons("GET /orders", 200, [], {"content-type": content_type} if content_type else {}, ORDERS) == expected


def test_a_detail_is_whole_until_it_is_kept() -> None:
    """What a server repeats of a secret is masked in between; half of it could not be found."""
    echo = f"application/{'x' * 390}-s3cret-value"
    [check] = [each for each in check_response(operation(ORDERS, "GET /orders"), 200, {"content-type": echo}, b"[]") if not each.passed]
    assert echo in check.detail
    assert len(check.stored()["detail"]) == 400


def test_what_is_no_json_is_taken_as_it_comes() -> None:
    assert reasons("GET /orders/{id}.{kind}", 200, b"\x89PNG", {"content-type": "image/png"}, ORDERS) == []
    assert reasons("POST /login", 200, b"\xff", {"content-type": "text/plain"}) == []


def test_any_success_will_do_where_none_is_documented() -> None:
    document = {**ORDERS, "paths": {"/a": {"get": {"responses": {"default": {"description": "?"}}}}}}
    assert [reasons("GET /a", status, b"", document=document) for status in (200, 204, 299, 302, 500)] == [
        [],
        [],
        [],
        [Reason.STATUS_MISMATCH],
        [Reason.STATUS_MISMATCH],
    ]


@given(st.binary(max_size=200), st.integers(100, 599), st.text(max_size=30))
def test_any_response_has_checks(body: bytes, status: int, content_type: str) -> None:
    assert check_response(operation(ORDERS, "GET /orders"), status, {"Content-Type": content_type}, body)
