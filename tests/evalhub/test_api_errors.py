"""Errors of the API: never HTML, never a stack trace, always a problem that says what to do."""

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import ProgrammingError, connection
from django.test import AsyncRequestFactory, Client

from agents.api.endpoints import Agents
from evalhub.accounts.models import ApiKey
from evalhub.api import bad_request, page_not_found, permission_denied, problem_handler, server_error
from tests import factories
from tests.runs.api.client import Api, checked


@pytest.fixture
def api(db: None) -> Api:
    return Api(factories.project())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer sk_nobody", "sk_nobody"])
def test_no_key_or_a_wrong_one_is_401_with_a_challenge(db: None, header: str) -> None:
    response = checked(Client().get("/api/v1/agents", headers={"Authorization": header}))
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_opens_nothing(api: Api) -> None:
    api.key.revoke()
    assert api.get("/agents").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("get", "/agents", "read"),
        ("post", "/agents", "write"),
        ("get", "/eval-templates", "read"),
        ("post", "/eval-templates", "write"),
        ("post", "/agents/a/simulate", "run"),
        ("post", "/agents/a/run-eval", "run"),
        ("post", "/agents/a/evaluate", "run"),
        ("post", "/agents/a/eval-only", "run"),
        ("get", "/eval-runs/a", "read"),
    ],
)
def test_a_key_does_only_what_its_scopes_name(db: None, method: str, path: str, needed: str) -> None:
    project = factories.project()
    others = [scope.value for scope in ApiKey.Scope if scope != needed]
    response = getattr(Api(project, scopes=others), method)(path)
    assert response.status_code == 403
    assert response.json()["required_scope"] == needed
    assert getattr(Api(project, scopes=[needed]), method)(path).status_code != 403


@pytest.mark.parametrize("path", ["", "agents/", "eval-runs/", "nothing", "eval-templates/", "eval-runs/1/x", "schemas"])
@pytest.mark.parametrize("method", ["get", "post", "delete", "put"])
def test_a_path_that_is_not_there_is_a_404_problem_for_every_method(path: str, method: str) -> None:
    response = checked(getattr(Client(enforce_csrf_checks=True), method)(f"/api/v1/{path}"))
    assert (response.status_code, response.json()["code"]) == (404, "unknown_path")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("delete", "/agents", "GET, POST, HEAD"),
        ("options", "/agents", "GET, POST, HEAD"),
        ("get", "/agents/a/simulate", "POST"),
        ("post", "/eval-runs/a", "GET, DELETE, HEAD"),
        ("patch", "/eval-templates", "GET, POST, HEAD"),
    ],
)
def test_a_method_that_is_not_there_is_a_405_that_names_those_that_are(api: Api, method: str, path: str, allowed: str) -> None:
    response = checked(getattr(api.client, method)(f"/api/v1{path}", headers=api.headers))
    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == set(allowed.split(", "))


def test_the_answer_is_json_whatever_the_client_accepts(api: Api) -> None:
    response = api.client.get("/api/v1/agents?format=html", headers={**api.headers, "Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "raw",
    [b"{", b"nothing", b'{"name": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 65 + b"1" + b"}" * 65, b"1" * 5000],
)
def test_a_body_that_is_no_json_is_400(api: Api, raw: bytes) -> None:
    assert api.post("/agents", raw=raw).status_code == 400


def test_malformed_json_is_told_where_it_breaks(api: Api) -> None:
    assert "line 2, column 1" in api.post("/agents", raw=b'{"name":\n}').json()["detail"]


@pytest.mark.parametrize("raw", [b'{"name": "a\\u0000"}', b'{"name": "\\ud800"}', b'{"a\\u0000": 1}', b'{"name": 1e999}'])
def test_json_that_no_database_takes_is_422(api: Api, raw: bytes) -> None:
    assert api.post("/agents", raw=raw).status_code == 422


def test_a_body_with_a_byte_order_mark_is_read(api: Api) -> None:
    assert api.post("/agents", raw=b'\xef\xbb\xbf{"name": "Mara"}').status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_415(api: Api, content_type: str) -> None:
    response = api.post("/agents", raw=b'{"name": "Mara"}', content_type=content_type)
    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]


def test_a_content_type_may_name_its_charset(api: Api) -> None:
    assert api.post("/agents", {"name": "Mara"}, content_type="Application/JSON; charset=utf-8").status_code == 200


def test_a_body_over_the_limit_is_413(api: Api, settings: Any) -> None:
    settings.MAX_BODY_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    fits = json.dumps({"name": "M"}).encode().ljust(100)
    assert api.post("/agents", raw=fits).status_code == 200
    assert api.post("/agents", raw=fits + b" ").status_code == 413


def test_ten_megabytes_are_too_many(api: Api) -> None:
    assert api.post("/agents", {"name": "M" * 10 * 1024 * 1024}).status_code == 413


@pytest.mark.parametrize("headers", [{"content-length": "5"}, {"transfer-encoding": "chunked"}])
def test_a_content_length_that_lies_or_is_absent_does_not_move_the_limit(api: Api, settings: Any, headers: dict[str, str]) -> None:
    settings.MAX_BODY_BYTES = 100
    assert sent_raw(api, b'{"name": "Mara"}', headers).status_code == 200
    assert sent_raw(api, b" " * 101, headers).status_code == 413


def sent_raw(api: Api, body: bytes, headers: dict[str, str]) -> Any:
    """A request as an ASGI server hands it over, with just these headers about its length."""
    sent = {"authorization": api.headers["Authorization"], "content-type": "application/json", **headers}
    request = AsyncRequestFactory().post("/api/v1/agents")
    request.META |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.items()}
    request.META |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": headers.get("content-length", "")}
    request._stream = io.BytesIO(body)  # type: ignore[attr-defined]
    return Agents.as_view()(request)


@pytest.mark.parametrize("secret", ["sk_live_0123456789", "Bearer abcdef", "https://user:hunter2@example.com"])
def test_an_error_never_repeats_a_secret(api: Api, secret: str) -> None:
    texts = [
        api.post("/agents", {"name": "M", "endpoint_secret": [secret]}).content.decode(),
        api.post("/agents", {"name": "M", "endpoint_url": f"{secret} {secret}", "kind": "webhook"}).content.decode(),
        api.post("/agents", {"name": "M", "kind": secret}).content.decode(),
        api.post("/agents", {"name": "M", secret: 1}).content.decode(),
    ]
    hidden = secret.removeprefix("https://").removeprefix("Bearer ").partition("@")[0]
    assert not any(hidden in text for text in texts)


def test_a_long_value_is_shortened(api: Api) -> None:
    value = api.post("/agents", {"name": "M", "kind": "x" * 5000}).json()["errors"][0]["value"]
    assert len(value) == 101


def test_ten_thousand_errors_are_not_all_listed(api: Api) -> None:
    body = api.post("/agents", {"name": "M", **{f"key{number}": 1 for number in range(10_000)}}).json()
    assert len(body["errors"]) == 50
    assert body["detail"].endswith("(at least 50 more.)")


def test_an_exception_nobody_foresaw_is_told_without_details(caplog: pytest.LogCaptureFixture) -> None:
    response = problem_handler(RuntimeError("the password is hunter2"), {})
    assert response.status_code == 500
    assert "hunter2" not in json.dumps(response.data)
    assert response.data["instance"].removeprefix("urn:uuid:") in caplog.text
    assert "hunter2" in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/agents", "/api/v1/eval-runs"])
def test_a_name_the_server_does_not_answer_to_is_named_with_its_setting(api: Api, path: str) -> None:
    response = api.client.get(path, headers=api.headers, HTTP_HOST="stranger.example:18700")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert "'stranger.example:18700'" in response.json()["detail"]
    assert "EVALHUB_ALLOWED_HOSTS" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/agents", "/eval-runs", "/eval-templates"])
def test_a_database_that_is_away_is_a_503_that_says_when_to_ask_again(
    transactional_db: None, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    api = Api(factories.project())
    with unreachable_database():
        response = api.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "Try again in 5 s." in response.json()["detail"]
    assert "Traceback" not in caplog.text
    assert api.get(path).status_code == 200


def test_what_is_wrong_with_a_statement_is_no_outage() -> None:
    assert problem_handler(ProgrammingError("no such column"), {}).status_code == 500


@contextlib.contextmanager
def unreachable_database() -> Iterator[None]:
    connection.close()
    there = connection.settings_dict
    nowhere = {"NAME": "/nowhere/at/all.sqlite3"} if connection.vendor == "sqlite" else {"HOST": "127.0.0.1", "PORT": "9"}
    connection.settings_dict = there | nowhere
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = there


def test_djangos_own_error_pages_are_problems_under_api_and_pages_elsewhere() -> None:
    for path, is_problem in (("/api/v2/agents", True), ("/runs/x", False)):
        request = AsyncRequestFactory().get(path)
        answers = [
            bad_request(request, Exception()),
            permission_denied(request, Exception()),
            page_not_found(request, Exception()),
            server_error(request),
        ]
        assert [answer.status_code for answer in answers] == [400, 403, 404, 500]
        assert [answer["Content-Type"] == "application/problem+json" for answer in answers] == [is_problem] * 4
