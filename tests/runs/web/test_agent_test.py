"""The button that tests an endpoint: the stored agent or what is typed, the stored token only for its own server, editors only."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from agents.models import Agent
from agents.services import agent_upsert
from evalhub.accounts.models import Project
from runs.models import CallTally
from runs.web import agent_test as subject
from tests.agents.web.typed import endpoint, typed
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server

pytestmark = pytest.mark.django_db
TOKEN = "tok-very-secret"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running


@pytest.fixture
def hook(project: Project, server: MockModelServer) -> Agent:
    return agent_upsert(project=project, name="Hook", kind="webhook", endpoint_url=server.webhook_url, endpoint_secret=TOKEN)


def result_of(client: Client, agent: Agent | None, sent: dict[str, Any]) -> str:
    path = f"/agents/{agent.pk}/test/" if agent else "/agents/test/"
    answer = client.post(path, sent, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


def bearer(server: MockModelServer) -> str:
    return server.headers[-1].get("Authorization", "")


def test_what_is_typed_is_tested_before_it_is_saved(owner: Client, server: MockModelServer) -> None:
    shown = result_of(owner, None, endpoint(server.webhook_url, endpoint_secret="typed-token", test_message="Who's there?"))
    assert escape("Answer 1 on: Who's there?") in shown
    assert "<html" not in shown
    assert bearer(server) == "Bearer typed-token"
    assert "typed-token" not in shown
    assert not Agent.objects.exists()


def test_an_agent_without_a_name_can_be_result_of(owner: Client, server: MockModelServer) -> None:
    assert "Answer 1" in result_of(owner, None, endpoint(server.webhook_url, name=""))


def test_the_stored_token_goes_to_its_own_server(owner: Client, server: MockModelServer, hook: Agent) -> None:
    shown = result_of(owner, hook, endpoint(f"{server.url}/webhook?v=2"))
    assert bearer(server) == f"Bearer {TOKEN}"
    assert TOKEN not in shown


def test_the_stored_token_goes_to_no_other_server(owner: Client, server: MockModelServer, hook: Agent) -> None:
    with mock_server() as other:
        shown = result_of(owner, hook, endpoint(other.webhook_url))
        assert bearer(other) == ""
    assert "without a token" in shown


def test_a_token_marked_for_removal_is_not_sent(owner: Client, server: MockModelServer, hook: Agent) -> None:
    result_of(owner, hook, endpoint(server.webhook_url, forget_secret="on"))
    assert bearer(server) == ""


def test_hostile_answers_are_text(owner: Client, server: MockModelServer) -> None:
    server.reply_text = "<script>alert(1)</script>"
    shown = result_of(owner, None, endpoint(server.webhook_url))
    assert "<script>" not in shown
    assert escape("<script>alert(1)</script>") in shown


def test_an_error_of_the_server_is_shown_with_its_raw_answer(owner: Client, server: MockModelServer) -> None:
    sent = typed(kind="openai_endpoint", endpoint_url=server.openai_url, endpoint_model="bot+401")
    shown = result_of(owner, None, sent)
    assert "Check the API key" in shown
    assert escape('"type": "mock_error"') in shown


@pytest.mark.parametrize("address", ["", "nonsense", "ftp://bot.example"])
def test_an_address_that_cannot_be_asked_is_a_sentence(owner: Client, address: str) -> None:
    assert "Nothing was sent" in result_of(owner, None, endpoint(address))


def test_a_private_address_is_refused(owner: Client) -> None:
    assert "must be a public one" in result_of(owner, None, endpoint("http://192.168.1.1/hook"))


def test_a_character_has_no_endpoint_to_test(owner: Client) -> None:
    assert "Nothing was sent" in result_of(owner, None, typed())


def test_what_a_test_cost_is_tallied(owner: Client, project: Project, server: MockModelServer) -> None:
    result_of(owner, None, endpoint(server.webhook_url))
    row = CallTally.objects.get(project=project)
    assert (row.purpose, row.calls, row.unpriced, row.failed) == ("chat", 1, 1, 0)


def test_only_so_many_wait_at_once(owner: Client, server: MockModelServer) -> None:
    taken = 0
    while subject.waiting.acquire(blocking=False):
        taken += 1
    try:
        assert subject.BUSY in result_of(owner, None, endpoint(server.webhook_url))
        assert server.requests == []
    finally:
        for _ in range(taken):
            subject.waiting.release()
    assert "Answer 1" in result_of(owner, None, endpoint(server.webhook_url))


def test_a_viewer_sends_nothing(teammate: Client, server: MockModelServer, hook: Agent) -> None:
    assert teammate.post(f"/agents/{hook.pk}/test/", endpoint(server.webhook_url)).status_code == 403
    assert teammate.post("/agents/test/", endpoint(server.webhook_url)).status_code == 403
    assert server.requests == []


def test_without_a_script_the_result_is_a_page(owner: Client, server: MockModelServer) -> None:
    shown = owner.post("/agents/test/", endpoint(server.webhook_url)).content.decode()
    assert "<html" in shown
    assert "Answer 1" in shown
