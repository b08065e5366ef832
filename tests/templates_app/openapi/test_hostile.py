"""Whatever a model writes: no request reaches another host or another path, carries a second header, or fails without a reason."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.openapi.answer import NoRequest, WrittenRequest, written_request
from templates_app.openapi.checking import check_request
from templates_app.openapi.sending import Prepared
from templates_app.reasons import FailureReason as Reason
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, operation

BASE = "https://api.example.com:8443/v1"
OPERATIONS = [operation(PET_SHOP, "GET /pets"), operation(PET_SHOP, "POST /pets"), operation(ORDERS, "GET /orders/{id}.{kind}")]
ODD = st.text(st.sampled_from("/\\.:@?#%{}[]&=;, \r\n\t\x00ab0é2🙂e"), max_size=30)
ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD | st.sampled_from(["name", "kind", "parents"]), inner, max_size=3),
    max_leaves=8,
)
ODD_PATH = st.builds(
    lambda front, back: front + back, st.sampled_from(["", "/pets", "/orders/", "/api/v3/pets", "//evil", "http://evil"]), ODD
)
ODD_ENTRIES = st.dictionaries(ODD | st.sampled_from(["limit", "tags", "X-Api-Key", "Host", "session"]), ODD_JSON, max_size=4)


def stays_at_home(prepared: Prepared, template: str) -> None:
    address = urlsplit(BASE.rstrip("/") + prepared.target)
    assert (address.scheme, address.netloc, address.fragment) == ("https", "api.example.com:8443", "")
    assert prepared.target.isascii()
    assert not set(prepared.target) & set(" \r\n\t\x00\\")
    assert address.path.startswith("/v1" + template.split("{")[0])
    assert address.path.count("/") == f"/v1{template}".count("/")
    assert not {".", ".."} & set(address.path.split("/"))
    for name, value in prepared.headers:
        assert name.lower() not in ("host", "content-length", "transfer-encoding")
        assert not set(name + value) & set("\r\n\x00")
        value.encode("latin-1")


@given(ODD_PATH, ODD_ENTRIES, ODD_ENTRIES, ODD_ENTRIES, ODD_JSON, st.dictionaries(st.sampled_from("abe"), st.text(max_size=10), max_size=2))
def test_no_request_leaves_its_host(path: str, query: Any, headers: Any, cookies: Any, body: Any, known: dict[str, str]) -> None:
    for each in OPERATIONS:
        found = check_request(each, WrittenRequest(each["method"], path, query, headers, cookies, body), known, base_url=BASE)
        assert json.dumps([check.stored() for check in found.checks])
        if found.prepared is None:
            assert found.reasons
        else:
            stays_at_home(found.prepared, each["path"])


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_variable_can_hold_anything(value: str, other: str) -> None:
    written = WrittenRequest("GET", "/pets/{{A}}?limit=1", {"tags": ["{{B}}"]}, {"X-Api-Key": "{{A}}"}, {"session": "{{B}}"})
    for each in OPERATIONS:
        found = check_request(each, written, {"A": value, "B": other})
        assert found.prepared is None or stays_at_home(found.prepared, each["path"]) is None


@given(ODD_JSON)
def test_any_object_is_a_request_or_a_reason(data: Any) -> None:
    try:
        written = written_request(json.dumps({"method": "GET", "path": "/pets", "query": data, "headers": data, "body": data}))
    except NoRequest:
        return
    assert check_request(OPERATIONS[0], written).checks


@pytest.mark.parametrize(
    "path",
    [
        "http://evil.example/pets?limit=1",
        "HTTPS://api.example.com/pets?limit=1",
        "//evil.example/pets?limit=1",
        "\\\\evil.example/pets",
        "/\\evil.example/pets",
        "@evil.example/pets",
        ":80@evil.example/pets",
        ".evil.example/pets",
        "/api/v3/../pets?limit=1",
        "/pets/../../admin",
        "/%2e%2e/pets",
        "javascript:alert(1)",
    ],
)
def test_an_address_or_a_way_out_is_a_wrong_path(path: str) -> None:
    found = check_request(OPERATIONS[0], WrittenRequest("GET", path, headers={"X-Api-Key": "x"}))
    assert (found.prepared, found.reasons[0]) == (None, Reason.WRONG_PATH)


@pytest.mark.parametrize("dots", [".", "..", "%2e%2e", "%2E."])
def test_dots_cannot_be_a_value_in_the_path(dots: str) -> None:
    document = {**ORDERS, "paths": {"/a/{id}/b": {"get": {"responses": {}}}}}
    found = check_request(operation(document, "GET /a/{id}/b"), WrittenRequest("GET", f"/a/{dots}/b"))
    assert (found.prepared, found.reasons) == (None, [Reason.INVALID_PARAMETER])


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Other": "a\r\nX-Injected: b"},
        {"X-Other\r\nX-Injected": "b"},
        {"X-Other": "a\nb"},
        {"X-Other": "\x00"},
        {"X-Other": "🙂"},
        {"Host": "evil.example"},
        {"Transfer-Encoding": "chunked"},
        {"content-length": "0"},
        {"": "x"},
    ],
)
def test_a_header_that_would_be_two_or_is_not_the_models_is_refused(headers: dict[str, str]) -> None:
    found = check_request(OPERATIONS[0], WrittenRequest("GET", "/pets?limit=1", headers={"X-Api-Key": "x", **headers}))
    assert (found.prepared, found.reasons) == (None, [Reason.INVALID_PARAMETER])


def test_a_secret_with_a_line_break_is_not_sent() -> None:
    written = WrittenRequest("GET", "/pets?limit=1", headers={"X-Api-Key": "{{KEY}}"})
    assert check_request(OPERATIONS[0], written, {"KEY": "a\r\nb: c"}).prepared is None


def test_a_path_of_many_slow_parts_is_answered_at_once() -> None:
    document = {**ORDERS, "paths": {"/{a}-{b}-{c}-{d}": {"get": {"responses": {}}}}}
    found = check_request(operation(document, "GET /{a}-{b}-{c}-{d}"), WrittenRequest("GET", "/" + "-" * 4000 + "/x"))
    assert found.reasons == [Reason.WRONG_PATH]
