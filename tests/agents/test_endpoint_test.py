"""One real message to an endpoint: the raw answer, the reply or the precise error, in bounded time, and never the token."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from agents import endpoint_test as subject
from agents.endpoint_test import BODY_SHOWN, endpoint_test
from agents.llm.spec import ModelSpec
from tests.support.mock_faults import Fault
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server

TOKEN = "tok-very-secret"


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running


def webhook(server: MockModelServer, **given: Any) -> ModelSpec:
    return replace(ModelSpec(provider="endpoint", model="Hook", kind="webhook", base_url=server.webhook_url, api_key=TOKEN), **given)


def openai(server: MockModelServer, model: str = "bot") -> ModelSpec:
    return ModelSpec(provider="endpoint", model=model, kind="openai", base_url=server.openai_url, api_key=TOKEN)


def test_it_shows_the_raw_answer_and_what_would_be_read(server: MockModelServer) -> None:
    tested = endpoint_test(webhook(server), "Hello there")
    assert (tested.status, tested.error) == (200, "")
    assert tested.reply == "Answer 1 on: Hello there"
    assert '"nested"' in tested.body
    assert dict(tested.headers)["Content-Type"].startswith("application/json")
    assert tested.with_token
    assert server.headers[-1]["Authorization"] == f"Bearer {TOKEN}"
    assert server.requests[-1]["messages"] == [{"role": "user", "content": "Hello there"}]


def test_it_reads_the_reply_at_the_reply_path(server: MockModelServer) -> None:
    assert endpoint_test(webhook(server, reply_path="nested.items.0.text"), "Hi").reply == "Answer 1 on: Hi"


def test_a_reply_path_that_leads_nowhere_is_said_beside_the_answer(server: MockModelServer) -> None:
    tested = endpoint_test(webhook(server, reply_path="nested.text"), "Hi")
    assert tested.status == 200
    assert "leads nowhere" in tested.error
    assert '"items"' in tested.body


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("401", 401, "Check the API key"),
        ("500", 500, "answered 500"),
        ("429", 429, "answered 429"),
        ("redirect", 302, "redirect (302) to http://elsewhere.invalid/login, which is not followed"),
        ("broken-json", 200, "cut off or broken"),
        ("plain-text", 200, "not JSON"),
        ("html", 200, "answered HTML"),
        ("empty-body", 200, "empty body"),
        ("null", 200, "without `choices`"),
        ("empty", 200, "no text"),
        ("huge", None, "more than 8 MiB"),
        ("gzip-bomb", None, "more than 8 MiB"),
        ("cut", None, "cut the connection"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_precisely(server: MockModelServer, fault: str, status: int | None, words: str) -> None:
    tested = endpoint_test(openai(server, f"bot+{fault}"), "Hi")
    assert tested.status == status
    assert words in tested.error
    assert not tested.reply
    assert len(server.requests) == 1  # asked once, whatever a run would do


def test_a_slow_endpoint_is_waited_for_no_longer_than_its_time_out(server: MockModelServer) -> None:
    server.reply_delay_s = 30
    began = time.monotonic()
    tested = endpoint_test(webhook(server, timeout_s=0.3), "Hi")
    assert "did not answer within 0.3 s" in tested.error
    assert time.monotonic() - began < 5


def test_no_time_out_of_an_agent_is_longer_than_the_limit_of_a_test(server: MockModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LONGEST_S", 0.3)
    server.reply_delay_s = 30
    assert "within 0.3 s" in endpoint_test(webhook(server, timeout_s=3600), "Hi").error


def test_a_port_nobody_listens_on_is_said(server: MockModelServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tested = endpoint_test(webhook(server, base_url=f"http://127.0.0.1:{port}/hook"), "Hi")
    assert "could not be reached" in tested.error
    assert tested.status is None


@pytest.mark.parametrize(
    "address", ["http://10.0.0.8/hook", "http://169.254.169.254/latest/meta-data", "http://[fd00::1]/hook", "http://0.0.0.0/"]
)
def test_a_private_address_is_refused_before_anything_is_sent(server: MockModelServer, address: str) -> None:
    tested = endpoint_test(webhook(server, base_url=address), "Hi")
    assert "must be a public one" in tested.error
    assert tested.status is None


def test_a_loopback_address_is_refused_where_the_installation_does_not_open_it(server: MockModelServer, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"allow_loopback_out": False})
    tested = endpoint_test(webhook(server), "Hi")
    assert "loopback" in tested.error
    assert server.requests == []


def test_a_server_that_repeats_the_token_does_not_show_it(server: MockModelServer) -> None:
    server.reply_text = f"You sent {TOKEN}!"
    tested = endpoint_test(webhook(server), "Hi")
    assert tested.reply == "You sent [the token]!"
    assert TOKEN not in repr(tested)


def test_a_refusal_that_repeats_the_token_does_not_show_it(server: MockModelServer) -> None:
    server.script.push("bot", Fault("401", message=f"bad key {TOKEN}"))
    tested = endpoint_test(openai(server), "Hi")
    assert tested.status == 401
    assert TOKEN not in repr(tested)


def test_a_long_body_is_cut_and_says_by_how_much(server: MockModelServer) -> None:
    server.reply_text = "word " * 10_000
    tested = endpoint_test(webhook(server), "Hi")
    assert len(tested.body) == BODY_SHOWN
    assert tested.cut > 50_000


def test_the_request_is_told_for_the_tally_also_when_it_failed(server: MockModelServer) -> None:
    assert [call.has_failed for call in endpoint_test(openai(server), "Hi").calls] == [False]
    assert [call.has_failed for call in endpoint_test(openai(server, "bot+500"), "Hi").calls] == [True]
