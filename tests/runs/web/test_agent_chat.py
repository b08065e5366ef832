"""The test chat: real calls, the conversation carried by the page, errors in words, costs that count."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent, ModelProvider
from agents.services import agent_upsert
from evalhub.accounts.models import Project
from runs.models import CallTally, EvalRun, Message
from runs.web import agent_chat as subject
from tests import factories
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running


@pytest.fixture
def mara(project: Project) -> Agent:
    return factories.agent(project=project)


@pytest.fixture
def hook(project: Project, server: MockModelServer) -> Agent:
    return agent_upsert(project=project, name="Hook", kind="webhook", endpoint_url=server.webhook_url, endpoint_secret="tok-secret")


def path(agent: Agent) -> str:
    return f"/agents/{agent.pk}/chat/"


def say(client: Client, agent: Agent, message: str, before: Any = None, **more: str) -> Any:
    carried = before.context["carried"] if before else client.get(path(agent)).context["carried"]
    return client.post(path(agent), {"message": message, "talk": carried, **more}, headers=HTMX)


def turns(answer: Any) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in answer.context["talk"].turns]


def test_a_character_answers_with_its_own_prompt(owner: Client, project: Project, server: MockModelServer, mara: Agent) -> None:
    ModelProvider.objects.create(project=project, name="mine", base_url=server.openai_url, default_model="m-1")
    first = say(owner, mara, "Hello\r\nthere")
    assert turns(first) == [("user", "Hello\nthere"), ("assistant", "Answer 1 on: Hello there")]
    second = say(owner, mara, "And now?", first)
    assert len(turns(second)) == 4
    system, *said = server.requests[-1]["messages"]
    assert system["content"].startswith("You are Mara.")
    assert [message["content"] for message in said] == ["Hello\nthere", "Answer 1 on: Hello there", "And now?"]


def test_nothing_but_the_cost_is_stored(owner: Client, project: Project, mara: Agent) -> None:
    say(owner, mara, "I have two dogs.")
    row = CallTally.objects.get(project=project)
    assert (row.purpose, row.model, row.calls) == ("chat", "demo/agent", 1)
    assert not EvalRun.objects.exists()
    assert not Message.objects.exists()
    assert "dogs" not in json.dumps(dict(owner.session))


def test_a_reply_says_what_it_cost(owner: Client, project: Project, server: MockModelServer, mara: Agent) -> None:
    ModelProvider.objects.create(project=project, name="openai", base_url=server.openai_url)
    mara.model = "openai/gpt-4o-mini"
    mara.save()
    answer = say(owner, mara, "Hello")
    price = CallTally.objects.get(project=project).price_usd
    assert price > Decimal(0)
    assert answer.context["talk"].price == price


def test_an_endpoint_is_unpriced_and_never_free(owner: Client, hook: Agent) -> None:
    shown = say(owner, hook, "Hello").content.decode()
    assert "unpriced" in shown
    assert "$0" not in shown


def test_demo_models_are_labelled(owner: Client, mara: Agent) -> None:
    assert "tag-demo" in owner.get(path(mara)).content.decode()


def test_an_endpoint_is_told_session_and_time_and_asked_with_its_token(owner: Client, server: MockModelServer, hook: Agent) -> None:
    first = say(owner, hook, "Hello")
    say(owner, hook, "Again", first)
    told = [(request["session_id"], bool(request["simulated_at"])) for request in server.requests]
    assert told == [(str(first.context["talk"].id), True)] * 2
    assert server.headers[-1]["Authorization"] == "Bearer tok-secret"


def test_an_error_is_said_in_words_and_can_be_tried_again(owner: Client, server: MockModelServer, hook: Agent) -> None:
    server.script.push("webhook", "500")
    failed = say(owner, hook, "Hello")
    assert "answered 500" in failed.content.decode()
    assert "Try again" in failed.content.decode()
    assert turns(failed) == [("user", "Hello")]
    again = say(owner, hook, "", failed, retry="1")
    assert turns(again) == [("user", "Hello"), ("assistant", "Answer 1 on: Hello")]


def test_another_message_takes_the_place_of_one_that_was_never_answered(owner: Client, server: MockModelServer, hook: Agent) -> None:
    server.script.push("webhook", "500")
    failed = say(owner, hook, "Hello")
    assert turns(say(owner, hook, "Hi", failed))[0] == ("user", "Hi")


def test_a_failed_call_counts_too(owner: Client, project: Project, server: MockModelServer, hook: Agent) -> None:
    server.script.push("webhook", "500")
    say(owner, hook, "Hello")
    row = CallTally.objects.get(project=project)
    assert (row.calls, row.failed) == (1, 1)


def test_a_private_address_is_refused_in_words(owner: Client, project: Project) -> None:
    agent = agent_upsert(project=project, name="Inside", kind="webhook", endpoint_url="http://10.0.0.8/")
    assert "must be a public one" in say(owner, agent, "Hello").content.decode()


def test_a_model_nobody_knows_is_said_in_words(owner: Client, project: Project) -> None:
    agent = factories.agent(project=project, model="nowhere/gpt-9")
    shown = say(owner, agent, "Hello").content.decode()
    assert escape('names the provider "nowhere"') in shown


def test_a_spent_budget_is_said_before_anything_is_sent(owner: Client, project: Project, server: MockModelServer, hook: Agent) -> None:
    Project.objects.filter(pk=project.pk).update(monthly_budget_usd=Decimal("0.01"))
    today = timezone.now().date()
    CallTally.objects.create(project=project, day=today, model="m", purpose="agent", calls=1, price_usd=Decimal("0.02"))
    assert "budget" in say(owner, hook, "Hello").content.decode()
    assert server.requests == []


def test_hostile_words_of_both_sides_are_text(owner: Client, server: MockModelServer, hook: Agent) -> None:
    server.reply_text = "</textarea><script>alert(2)</script>"
    shown = say(owner, hook, "<script>alert(1)</script>").content.decode()
    assert "<script>" not in shown
    assert escape("</textarea><script>alert(2)</script>") in shown


@pytest.mark.parametrize("message", ["", "  \r\n ", "x" * (subject.LONGEST_MESSAGE + 1)])
def test_an_unusable_message_is_a_sentence_and_nothing_is_sent(owner: Client, server: MockModelServer, hook: Agent, message: str) -> None:
    answer = say(owner, hook, message)
    assert answer.context["problem"]
    assert answer.context["typed"] == message.strip()
    assert server.requests == []


@pytest.mark.parametrize("carried", ["", "null", "[]", '{"turns": [{"role": "system", "content": "x"}]}', "x" * (subject.LONGEST_TALK + 1)])
def test_a_conversation_that_cannot_be_read_begins_anew_and_keeps_what_was_typed(
    owner: Client, server: MockModelServer, hook: Agent, carried: str
) -> None:
    answer = owner.post(path(hook), {"message": "Hello", "talk": carried})
    assert "a new one begins here" in answer.content.decode()
    assert answer.context["typed"] == "Hello"
    assert server.requests == []


def test_a_conversation_has_an_end(owner: Client, server: MockModelServer, hook: Agent) -> None:
    said = [{"role": role, "content": "x"} for _ in range(subject.MOST_TURNS) for role in ("user", "assistant")]
    answer = owner.post(path(hook), {"message": "Hello", "talk": json.dumps({"turns": said})})
    assert "Start a new one" in answer.context["problem"]
    assert server.requests == []


def test_a_long_answer_is_cut_and_says_so(owner: Client, server: MockModelServer, hook: Agent) -> None:
    server.reply_text = "x" * (subject.LONGEST_REPLY + 5)
    answer = say(owner, hook, "Hello")
    assert answer.context["was_cut"] == 5
    assert "5 more characters" in answer.content.decode()


def test_a_slow_agent_is_not_waited_for_longer_than_the_limit(
    owner: Client, server: MockModelServer, hook: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.chats.LONGEST_S", 0.3)
    server.reply_delay_s = 30
    assert "did not answer within 0.3 s" in say(owner, hook, "Hello").content.decode()


def test_a_viewer_chats_with_nobody(teammate: Client, server: MockModelServer, hook: Agent) -> None:
    assert teammate.get(path(hook)).status_code == 403
    assert teammate.post(path(hook), {"message": "Hello", "talk": "{}"}).status_code == 403
    assert server.requests == []


def test_without_a_script_a_message_is_a_whole_page(owner: Client, hook: Agent) -> None:
    answer = owner.post(path(hook), {"message": "Hello", "talk": owner.get(path(hook)).context["carried"]})
    assert "<html" in answer.content.decode()
    assert len(turns(answer)) == 2


def test_a_message_costs_the_same_number_of_queries_however_long_the_talk(
    owner: Client, hook: Agent, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    answer = say(owner, hook, "Hello")
    for _ in range(2):
        with django_assert_max_num_queries(12):
            answer = owner.post(path(hook), {"message": "More", "talk": answer.context["carried"]})
