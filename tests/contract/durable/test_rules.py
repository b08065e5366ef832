"""What the page of the dialect says of every path: keys, statuses, errors, and that nothing is redirected or answered as a page."""

import json

import pytest
from django.test import Client, RequestFactory, override_settings

from evalhub.api import bad_request, page_not_found, permission_denied, server_error
from runs.api.durable.status import KeyStatus
from tests import factories
from tests.contract.durable.contract import Durable, checked
from tests.evalhub.test_api_errors import unreachable_database

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Durable:
    return Durable(factories.project())


def test_it_answers_whether_it_is_there_without_a_key() -> None:
    response = checked(Client().get("/v1/status"))
    assert response.status_code == 200
    assert response.json()["status"] == "ok"


def test_a_wrong_key_does_not_matter_where_none_is_asked_for() -> None:
    assert checked(Client().get("/v1/status", headers={"X-Sapient-Api-Key": "sk_wrong"})).status_code == 200


def test_a_key_is_told_what_it_may_do(api: Durable) -> None:
    told = api.get("/auth/status").json()
    assert told == {
        "authenticated": True,
        "project_id": str(api.project.pk),
        "project": api.project.name,
        "scopes": ["read", "run", "write"],
    }


def test_a_key_with_one_scope_may_ask_what_it_may_do() -> None:
    assert Durable(factories.project(), ["run"]).get("/auth/status").json()["scopes"] == ["run"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Sapient-Api-Key": "{token}"},
        {"Authorization": "Bearer {token}"},
        {"X-Sapient-Api-Key": "", "Authorization": "Bearer {token}"},
        {"X-Sapient-Api-Key": "{token}", "Authorization": "Bearer sk_of_somebody_else"},
    ],
)
def test_a_key_comes_in_either_header(api: Durable, headers: dict[str, str]) -> None:
    sent = {name: value.format(token=api.token) for name, value in headers.items()}
    assert checked(Client().get("/v1/auth/status", headers=sent)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Sapient-Api-Key": ""}, {"X-Sapient-Api-Key": "  "}, {"X-Sapient-Api-Key": "sk_no"}, {"Authorization": "Basic eDp5"}],
)
def test_without_a_good_key_it_is_401_in_json(headers: dict[str, str]) -> None:
    response = checked(Client().get("/v1/auth/status", headers=headers))
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_opens_nothing(api: Durable) -> None:
    api.key.revoke()
    assert api.get("/auth/status").status_code == 401


def test_a_person_who_is_signed_in_needs_a_key_here() -> None:
    project = factories.project()
    client = Client()
    client.force_login(factories.owner(project=project))
    assert checked(client.get("/v1/auth/status")).status_code == 401


@pytest.mark.parametrize("path", ["/", "/eval-runs/", "/status/", "/nowhere", "/prompts/topics/x/y", "/a%00b", "/eval-runs/x/y/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_an_unknown_path_is_404_in_json_and_never_a_redirect(api: Durable, path: str, method: str) -> None:
    response = api.send(method, path, {} if method != "GET" else None)
    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


def test_the_bare_root_is_404_in_json() -> None:
    assert checked(Client().get("/v1")).json() == {"detail": "Not Found"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_a_path_does_not_have_is_405(api: Durable, method: str) -> None:
    response = api.send(method, "/auth/status")
    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})


def test_a_wrong_host_is_400_in_json(api: Durable) -> None:
    response = checked(Client().get("/v1/auth/status", headers=api.headers | {"Host": "elsewhere.example"}))
    assert response.status_code == 400


@override_settings(API_RATE_LIMIT="2/minute")
def test_every_answer_says_how_often_the_key_may_still_ask(api: Durable) -> None:
    assert [api.get("/auth/status")["X-RateLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    refused = api.get("/auth/status")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1


def test_its_document_is_served(api: Durable) -> None:
    told = checked(Client().get("/v1/openapi.json")).json()
    assert told["openapi"] == "3.1.0"
    assert "/v1/status" in told["paths"]


def test_what_nobody_foresaw_is_500_in_json_and_the_log_has_the_rest(
    api: Durable, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(KeyStatus, "get", broken)
    response = api.get("/auth/status")
    assert response.status_code == 500
    assert "hunter2" not in response.content.decode()
    assert "hunter2" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_503_in_json_and_says_when_to_ask_again(api: Durable) -> None:
    with unreachable_database():
        response = api.get("/auth/status")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert api.get("/auth/status").status_code == 200


def test_what_django_answers_itself_is_json_too(rf: RequestFactory) -> None:
    request = rf.get("/v1/prompts")
    answers = [bad_request(request, ValueError()), permission_denied(request, ValueError()), page_not_found(request, ValueError())]
    answers.append(server_error(request))
    for answer, status in zip(answers, (400, 403, 404, 500), strict=True):
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
        assert isinstance(json.loads(answer.content)["detail"], str)
