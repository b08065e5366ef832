"""The test button of a provider: one small real call, and precisely what came of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from agents.models import ModelProvider
from agents.providers import trial, views
from agents.providers.services import provider_create
from evalhub.accounts.models import Project
from tests.agents.test_provider_forms import KEY, TEST, ada, owner, project, provider
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server

pytestmark = pytest.mark.django_db
__all__ = ["ada", "owner", "project", "provider"]  # fixtures


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running


def tried(client: Client, **given: str) -> str:
    return client.post(TEST, given).text


def local(project: Project, server: MockModelServer, **columns: Any) -> ModelProvider:
    values = {"name": "mine", "base_url": server.openai_url, "default_model": "m-1", "secret": KEY} | columns
    return provider_create(project=project, **values)


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_test_is_one_small_call_and_shows_the_answer(owner: Client, project: Project, server: MockModelServer, kind: str) -> None:
    local(project, server, kind=kind, base_url=server.openai_url if kind == "openai" else server.anthropic_url)
    server.reply_text = "ready <b>now</b>"
    text = tried(owner, provider="mine")
    assert "<b>mine/m-1</b> answered in" in text
    assert "ready now" in text
    assert "unpriced" in text
    assert len(server.requests) == 1
    assert server.requests[0]["max_tokens"] == trial.MOST_TOKENS
    assert KEY in str(server.headers[0])
    assert KEY not in text


def test_htmx_is_given_the_part_alone(owner: Client, project: Project, server: MockModelServer) -> None:
    local(project, server)
    text = owner.post(TEST, {"provider": "mine", "model": "mine/m-2"}, headers={"HX-Request": "true"}).text
    assert "<html" not in text
    assert "mine/m-2" in text


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "answered 401: mock error 401 Check the API key."),
        ("429", "answered 429"),
        ("500", "answered 500"),
        ("html", "answered HTML"),
        ("redirect", "which is not followed"),
        ("cut", "cut the connection"),
        ("empty", "answered with no text"),
    ],
)
def test_what_goes_wrong_is_said_precisely_after_one_request(
    owner: Client, project: Project, server: MockModelServer, fault: str, said: str
) -> None:
    local(project, server)
    server.script.push("m-1", fault)
    text = tried(owner, provider="mine")
    assert "failed after" in text
    assert said in text
    assert KEY not in text
    assert len(server.requests) == 1


def test_a_server_that_hangs_is_given_up(owner: Client, project: Project, server: MockModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PATIENCE_S", 0.3)
    local(project, server)
    server.script.push("m-1", "hang")
    assert "did not answer within 0.3 s" in tried(owner, provider="mine")


def test_nobody_listening_is_said(owner: Client, project: Project) -> None:
    provider_create(project=project, name="mine", base_url="http://127.0.0.1:9/v1", default_model="m-1")
    assert "could not be reached" in tried(owner, provider="mine")


def test_a_provider_without_a_default_asks_for_a_model(owner: Client, project: Project) -> None:
    provider_create(project=project, name="mine", base_url="http://127.0.0.1:9/v1")
    assert "Name a model: mine has no default model." in tried(owner, provider="mine")


def test_a_switched_off_provider_is_not_tested(owner: Client, project: Project, provider: ModelProvider) -> None:
    ModelProvider.objects.update(is_active=False)
    assert "is not a provider that is in use here" in tried(owner, provider="mine")


def test_the_demo_model_answers_and_is_labelled(owner: Client) -> None:
    text = tried(owner, provider="demo")
    assert "<b>demo/agent</b> answered in" in text
    assert "tag-demo" in text


@pytest.mark.parametrize("given", [{}, {"provider": "demo", "model": "x" * 201}, {"provider": "de\x00mo"}])
def test_what_names_no_model_is_a_sentence(owner: Client, given: dict[str, str]) -> None:
    assert owner.post(TEST, given).status_code == 400


def test_tests_are_counted(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "TRIALS", "2/hour")
    for _ in range(2):
        assert "answered in" in tried(owner, provider="demo")
    answer = owner.post(TEST, {"provider": "demo"})
    assert answer.status_code == 429
    assert "Too many tests of providers" in answer.text
