"""Requests that models write, against the operations that they were asked to use."""

import json
from typing import Any

import pytest

from templates_app.openapi.answer import WrittenRequest, written_request
from templates_app.openapi.checking import CheckedRequest, check_request
from templates_app.openapi.sending import Prepared
from templates_app.reasons import FailureReason as Reason
from tests.templates_app.openapi.documents import ORDERS, PET_SHOP, of, operation

KNOWN = {"API_KEY": "s3cret-value", "LIMIT": "7"}
KEY = {"X-Api-Key": "{{API_KEY}}"}


def ask(document: Any, name: str, path: str, **parts: Any) -> CheckedRequest:
    method = parts.pop("method", name.split()[0])
    return check_request(operation(document, name), WrittenRequest(method, path, **parts), KNOWN)


def pets(path: str = "/pets", headers: dict[str, Any] = KEY, **parts: Any) -> CheckedRequest:
    return ask(PET_SHOP, "GET /pets", path, headers=headers, **parts)


def sent(checked: CheckedRequest) -> Prepared:
    assert checked.reasons == []
    assert checked.prepared
    return checked.prepared


def failed(checked: CheckedRequest) -> list[tuple[str, Reason | None]]:
    assert checked.prepared is None
    return [(check.key, check.reason) for check in checked.checks if not check.passed]


def test_a_request_that_fits_is_built_from_the_operation() -> None:
    found = sent(
        pets(
            "/api/v3/pets/?limit=5#top",
            query={"tags": ["a b", "c&d"], "status": ["sold", "here"], "born": {"gte": "3"}},
            headers={**KEY, "x-TRACE": "deadbeef", "Accept": "application/json"},
            cookies={"session": "12"},
        )
    )
    assert found.target == "/pets?limit=5&tags=a%20b&tags=c%26d&status=sold,here&born%5Bgte%5D=3"
    assert dict(found.headers) == {"x-api-key": "s3cret-value", "accept": "application/json", "x-trace": "deadbeef", "cookie": "session=12"}


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ({"limit": 5}, "limit=5"),
        ({"limit": "5"}, "limit=5"),
        ({"limit": "{{LIMIT}}"}, "limit=7"),
        ({"limit": 5, "tags": None}, "limit=5"),
        ({"limit": 5, "tags": "one"}, "limit=5&tags=one"),
        ({"limit": 5, "tags": [1, True]}, "limit=5&tags=1&tags=true"),
        ({"limit": 5, "status": "sold,here"}, "limit=5&status=sold,here"),
        ({"limit": 5, "born[gte]": 3}, "limit=5&born%5Bgte%5D=3"),
    ],
)
def test_parameters_may_be_written_as_json_or_as_they_travel(query: dict[str, Any], target: str) -> None:
    assert sent(pets(query=query)).target == f"/pets?{target}"


@pytest.mark.parametrize(
    ("query", "reason", "detail"),
    [
        ({}, Reason.MISSING_PARAMETER, "The parameter limit is required."),
        ({"limit": "many"}, Reason.INVALID_PARAMETER, 'The parameter limit does not fit: the value is not of type "integer".'),
        ({"limit": 101}, Reason.INVALID_PARAMETER, "The parameter limit does not fit: the value is greater than the maximum of 100."),
        ({"limit": True}, Reason.INVALID_PARAMETER, 'The parameter limit does not fit: the value is not of type "integer".'),
        ({"limit": [1, 2]}, Reason.INVALID_PARAMETER, 'The parameter limit does not fit: the value is not of type "integer".'),
        ({"limit": 1, "status": ["lost"]}, Reason.INVALID_PARAMETER, "The parameter status does not fit: [0]: the value is not one of …"),
        (
            {"limit": 1, "born": {"lt": 1}},
            Reason.INVALID_PARAMETER,
            "The parameter born does not fit: Additional properties are not allowed …",
        ),
        ({"limit": 1, "colour": "red"}, Reason.UNKNOWN_PARAMETER, "The operation has no query parameter 'colour'."),
    ],
)
def test_a_query_that_does_not_fit_has_a_reason(query: dict[str, Any], reason: Reason, detail: str) -> None:
    found = pets(query=query)
    assert failed(found) == [("query", reason)]
    assert any(check.detail.startswith(detail.removesuffix("…")) for check in found.checks)


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"method": "POST"}, ("method", Reason.WRONG_METHOD)),
        ({"headers": {}}, ("security", Reason.AUTH)),
        ({"headers": {"X-Api-Key": ""}}, ("security", Reason.AUTH)),
        ({"headers": {"X-Api-Key": "{{TOKEN}}"}}, ("variables", Reason.UNKNOWN_VARIABLE)),
        ({"headers": {**KEY, "X-Trace": "zz"}}, ("headers", Reason.INVALID_PARAMETER)),
        ({"cookies": {"session": "x"}}, ("cookies", Reason.INVALID_PARAMETER)),
        ({"cookies": {"other": "x"}}, ("cookies", Reason.UNKNOWN_PARAMETER)),
        ({"headers": {**KEY, "Cookie": "session=1; b=2"}}, ("cookies", Reason.UNKNOWN_PARAMETER)),
        ({"body": {"a": 1}}, ("body", Reason.INVALID_BODY)),
    ],
)
def test_each_part_is_checked(parts: dict[str, Any], fault: tuple[str, Reason]) -> None:
    assert failed(pets(query={"limit": 5}, **parts)) == [fault]


def test_all_faults_are_told_at_once() -> None:
    found = ask(PET_SHOP, "GET /pets", "/pets", method="PUT", query={"limit": 0, "x": 1}, headers={"X-Trace": "{{WHO}}"})
    assert found.reasons == [
        Reason.UNKNOWN_VARIABLE,
        Reason.WRONG_METHOD,
        Reason.INVALID_PARAMETER,
        Reason.UNKNOWN_PARAMETER,
        Reason.AUTH,
    ]
    assert [check.stored()["reason"] for check in found.checks if check.key == "security"] == ["auth"]


@pytest.mark.parametrize("path", ["/pet/5", "/pets/5/6", "/pets", "/pets//5", "/api/v2/pets/5", "pets", "/pets/{petId}", "/pets/5/../6"])
def test_another_path_is_wrong(path: str) -> None:
    assert failed(ask(PET_SHOP, "GET /pets/{petId}", path)) == [("path", Reason.WRONG_PATH)]


@pytest.mark.parametrize("path", ["/pets/5", "/pets/5/", "/api/v3/pets/5", "pets/5", "/pets/%35", "/pets/{{LIMIT}}"])
def test_the_path_may_begin_with_that_of_the_server(path: str) -> None:
    assert sent(ask(PET_SHOP, "GET /pets/{petId}", path)).target in ("/pets/5", "/pets/7")


def test_the_path_may_begin_with_that_of_the_base_address() -> None:
    found = check_request(
        operation(PET_SHOP, "GET /pets/{petId}"), WrittenRequest("GET", "/stage/pets/5"), base_url="https://a.example/stage/"
    )
    assert sent(found).target == "/pets/5"


def test_a_value_in_the_path_is_checked_and_sent_as_it_was_written() -> None:
    assert failed(ask(PET_SHOP, "GET /pets/{petId}", "/pets/0")) == [("path", Reason.INVALID_PARAMETER)]
    assert failed(ask(PET_SHOP, "GET /pets/{petId}", "/pets/rex")) == [("path", Reason.INVALID_PARAMETER)]
    assert sent(ask(PET_SHOP, "GET /pets/{petId}", "/pets/007")).target == "/pets/007"
    assert sent(ask(ORDERS, "GET /orders/{id}.{kind}", "/orders/a%2Fb%20c.png")).target == "/orders/a%2Fb%20c.png"


def test_credentials_may_come_in_any_of_the_ways() -> None:
    drop = "DELETE /pets/{petId}"
    assert sent(ask(PET_SHOP, drop, "/pets/5", headers={"authorization": "bearer {{API_KEY}}"}))
    assert sent(ask(PET_SHOP, drop, "/pets/5", headers=KEY))
    assert failed(ask(PET_SHOP, drop, "/pets/5", headers={"Authorization": "Bearer "})) == [("security", Reason.AUTH)]
    assert failed(ask(PET_SHOP, drop, "/pets/5", headers={"Authorization": "{{API_KEY}}"})) == [("security", Reason.AUTH)]
    assert sent(ask(ORDERS, "GET /orders", "/v2/orders", query={"key": "k", "api_key": "{{API_KEY}}"})).target.endswith(
        "&api_key=s3cret-value"
    )


def test_nobody_needs_credentials_that_were_not_asked_for() -> None:
    found = check_request(operation(PET_SHOP, "GET /pets"), WrittenRequest("GET", "/pets?limit=1"), expects_security=False)
    assert sent(found).headers == ()


def test_a_parameter_may_be_json() -> None:
    query = {"key": "a", "api_key": "x"}
    where = {"city": "Bern", "n": 1}
    for given in (where, json.dumps(where)):
        assert (
            "where=%7B%22city%22%3A%20%22Bern%22%2C%20%22n%22%3A%201%7D"
            in sent(ask(ORDERS, "GET /orders", "/orders", query={**query, "where": given})).target
        )
    for given in ({"town": 1}, "{", "5"):
        assert failed(ask(ORDERS, "GET /orders", "/orders", query={**query, "where": given})) == [("query", Reason.INVALID_PARAMETER)]


def pet(**changes: Any) -> dict[str, Any]:
    return {"name": "Rex", "kind": "dog", **changes}


@pytest.mark.parametrize(
    "body",
    [
        pet(),
        pet(kind=None, note=None, owner=None),
        pet(id=5, secret="x", owner={"email": "a@example.com"}),
        pet(parents=[{"name": "A", "kind": None, "parents": [{"name": "B", "kind": "cat"}]}]),
        json.dumps(pet()),
    ],
)
def test_a_body_that_fits_is_sent(body: Any) -> None:
    found = sent(ask(PET_SHOP, "POST /pets", "/pets", headers=KEY, body=body))
    assert json.loads(found.body or b"")["name"] == "Rex"
    assert ("content-type", "application/json") in found.headers


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"name": "Rex"}, 'The body does not fit: "kind" is a required property.'),
        (pet(colour="red"), "The body does not fit: Additional properties are not allowed ('colour' was unexpected)."),
        (pet(kind="cow"), 'The body does not fit: kind: the value is not one of "cat", "dog" or null.'),
        (pet(owner={"email": "nobody"}), "The body does not fit: owner: the value is not valid under any of the schemas …"),
        (pet(parents=[pet(name="")]), "The body does not fit: parents[0].name: the value is shorter than 1 character."),
        ("name=Rex", 'The body does not fit: the value is not of type "object".'),
        ([], 'The body does not fit: the value is not of type "object".'),
    ],
)
def test_a_body_that_does_not_fit_is_not(body: Any, detail: str) -> None:
    found = ask(PET_SHOP, "POST /pets", "/pets", headers=KEY, body=body)
    assert failed(found)[0] == ("body", Reason.INVALID_BODY)
    assert any(check.detail.startswith(detail.removesuffix("…")) for check in found.checks)


def test_a_body_that_is_required_must_be_there_and_of_a_documented_type() -> None:
    assert failed(ask(PET_SHOP, "POST /pets", "/pets", headers=KEY)) == [("body", Reason.MISSING_BODY)]
    assert sent(ask(ORDERS, "POST /orders", "/orders", headers={"Authorization": "Bearer x"})).body is None
    xml = ask(PET_SHOP, "POST /pets", "/pets", headers={**KEY, "Content-Type": "application/xml"}, body=pet())
    assert failed(xml) == [("body", Reason.INVALID_BODY)]
    charset = ask(PET_SHOP, "POST /pets", "/pets", headers={**KEY, "Content-Type": "application/json; charset=utf-8"}, body=pet())
    assert ("content-type", "application/json") in sent(charset).headers


@pytest.mark.parametrize(
    "body",
    [
        {"user": "ann", "age": "5", "roles": ["a&b", "c"]},
        "user=ann&age=5&roles=a%26b&roles=c",
        {"user": "ann", "age": 5, "roles": ["a&b", "c"]},
    ],
)
def test_a_form_may_be_an_object_or_its_text(body: Any) -> None:
    found = sent(ask(PET_SHOP, "POST /login", "/login", body=body))
    assert found.body == b"user=ann&age=5&roles=a%26b&roles=c"
    assert found.headers == (("content-type", "application/x-www-form-urlencoded"),)


def test_a_form_is_checked_too() -> None:
    for body in ({"user": "ann", "age": "old"}, "age=5", ["user"], "nothing"):
        assert failed(ask(PET_SHOP, "POST /login", "/login", body=body)) == [("body", Reason.INVALID_BODY)]


def test_alternatives_with_a_discriminator_are_told_apart() -> None:
    def order(pay: Any) -> list[Reason]:
        return ask(
            ORDERS, "POST /orders", "/orders", headers={"Authorization": "Bearer x"}, body={"pay": pay, "when": "2026-01-02T03:04:05Z"}
        ).reasons

    assert order({"kind": "card", "number": "1"}) == order({"kind": "transfer", "iban": "CH1"}) == []
    assert order({"kind": "card", "iban": "CH1"}) == order({"kind": "cash"}) == [Reason.INVALID_BODY]


def test_a_recursive_schema_goes_as_deep_as_the_value() -> None:
    def tree(depth: int, leaf: Any) -> Any:
        return {"value": 1, "next": tree(depth - 1, leaf)} if depth else leaf

    assert sent(ask(ORDERS, "PUT /tree", "/tree", body=tree(30, None)))
    assert failed(ask(ORDERS, "PUT /tree", "/tree", body=tree(30, {"value": "x"})))
    assert failed(ask(ORDERS, "PUT /tree", "/tree", body=tree(1, {"valeu": 1})))


def test_details_never_hold_the_value_of_a_variable() -> None:
    for parts in (
        {"query": {"limit": "{{API_KEY}}"}},
        {"path": "/pets?{{API_KEY}}=1&limit=2"},
        {"headers": {**KEY, "X-Trace": "{{API_KEY}}"}, "query": {"limit": 1}},
        {"headers": {**KEY, "Cookie": "{{API_KEY}}=1"}, "query": {"limit": 1}},
        {"path": "/{{API_KEY}}"},
    ):
        found = pets(**parts)  # type: ignore[arg-type]
        assert failed(found)
        assert "s3cret" not in str([check.stored() for check in found.checks])


@pytest.mark.parametrize("before", [70, 290, 350, 390])
def test_nor_half_of_it_where_a_detail_is_cut(before: int) -> None:
    name = "x" * before + "{{API_KEY}}" * 3
    typed = {**KEY, "Content-Type": name}
    for found in (pets(query={name: 1}), pets(f"/pets?{name}=1"), ask(PET_SHOP, "POST /pets", "/pets", headers=typed, body=pet())):
        assert failed(found)
        details = [check.stored()["detail"] for check in found.checks]
        assert "s3c" not in str(details)
        assert max(map(len, details)) <= 400


def test_nor_where_names_are_written_in_small_letters() -> None:
    written = WrittenRequest("POST", "/pets", headers={"X-{{TOKEN}}": "\n", "Content-Type": "text/{{TOKEN}}"}, body={})
    found = check_request(operation(PET_SHOP, "POST /pets"), written, {"TOKEN": "S3cret-Value"})
    assert {check.key for check in found.checks if not check.passed} >= {"headers", "body"}
    assert "s3cret" not in str(found).lower()


def test_a_schema_whose_pattern_never_comes_back_is_given_up() -> None:
    document = of({"type": "string", "pattern": "^(?=a)(a|aa)+(?!b)$"})
    assert failed(ask(document, "PUT /thing", "/thing", body="a" * 5000 + "!")) == [("body", Reason.INVALID_BODY)]


def test_it_reads_what_a_model_said_from_end_to_end() -> None:
    text = 'Sure:\n```json\n{"method": "get", "path": "/pets/5"}\n```'
    assert sent(check_request(operation(PET_SHOP, "GET /pets/{petId}"), written_request(text))) == Prepared("GET", "/pets/5")
