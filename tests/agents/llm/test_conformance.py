"""What every wire must do, asked of all of them."""

import asyncio

import aiohttp
import pytest
from pydantic import BaseModel

from agents.llm.errors import LLMError, PermanentError, RetryableError
from agents.llm.registry import DEMO_MODELS, ModelSpec, connect
from agents.llm.types import CallContext, ChatMessage, ChatModel
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("system", "You are Mara."), ChatMessage("user", "Good morning to everybody")]
HTTP_KINDS = ["openai", "anthropic", "webhook"]


class Verdict(BaseModel):
    reasoning: str
    score: int


@pytest.fixture(params=HTTP_KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model_name(kind: str) -> str:
    """A webhook sends no model name, so the mock server files its faults under this one."""
    return "webhook" if kind == "webhook" else "mock"


@pytest.fixture
def model(kind: str, make_spec: MakeSpec, http: aiohttp.ClientSession) -> ChatModel:
    return connect(make_spec(kind), http)


class TestEveryWire:
    async def test_it_answers_with_text_and_one_record(self, model: ChatModel) -> None:
        reply = await model.complete(HELLO)
        assert reply.text == "Answer 1 on: Good morning to everybody"
        assert [(call.model, call.attempt, call.error) for call in reply.calls] == [("test/mock", 1, "")]
        assert reply.latency_ms >= 0
        assert not model.is_demo

    @pytest.mark.parametrize("packed", ["gzip", "chunked"])
    async def test_it_reads_an_answer_whose_length_is_not_told(
        self, packed: str, model: ChatModel, model_name: str, server: MockModelServer
    ) -> None:
        server.script.push(model_name, packed)
        assert (await model.complete(HELLO)).text == "Answer 1 on: Good morning to everybody"

    async def test_it_fills_in_a_schema(self, model: ChatModel) -> None:
        reply = await model.complete(HELLO, schema=Verdict)
        assert reply.parsed == Verdict(reasoning="Mock text for reasoning", score=70)

    async def test_it_sends_the_key_and_the_extra_headers(
        self, kind: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
    ) -> None:
        await connect(make_spec(kind, headers={"X-Tenant": "seven"}), http).complete(HELLO)
        sent = server.headers[0]
        assert "sk-secret" in sent.get("Authorization", "") + sent.get("x-api-key", "")
        assert sent["X-Tenant"] == "seven"

    @pytest.mark.parametrize("fault", ["429", "408", "500", "503", "529", "cut", "cut-body", "broken-json", "empty-body", "empty"])
    async def test_it_tries_again_after(self, fault: str, model: ChatModel, model_name: str, server: MockModelServer) -> None:
        server.script.push(model_name, fault, fault)
        reply = await model.complete(HELLO)
        assert reply.text.startswith("Answer")
        assert [bool(call.error) for call in reply.calls] == [True, True, False]
        assert [call.attempt for call in reply.calls] == [1, 2, 3]

    @pytest.mark.parametrize("fault", ["429", "500", "cut", "broken-json", "empty-body", "empty"])
    async def test_it_gives_up_with_every_attempt_recorded(
        self, fault: str, model: ChatModel, model_name: str, server: MockModelServer
    ) -> None:
        server.script.always(model_name, fault)
        with pytest.raises(RetryableError) as caught:
            await model.complete(HELLO)
        assert len(caught.value.calls) == 3
        assert all(call.error for call in caught.value.calls)
        assert caught.value.message.startswith("test/mock")

    async def test_an_answer_without_a_word_was_paid_for_and_is_asked_for_four_times_at_most(
        self, kind: str, model_name: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
    ) -> None:
        server.script.always(model_name, "empty")
        with pytest.raises(RetryableError, match="answered with no text") as caught:
            await connect(make_spec(kind, max_attempts=20), http).complete(HELLO)
        assert len(caught.value.calls) == len(server.requests) == 4

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("400", "mock error 400"),
            ("401", "Check the API key"),
            ("403", "may do"),
            ("404", "Check the address and the model's name"),
            ("422", "mock error 422"),
            ("html", "answered HTML (text/html), not JSON: is the address right?"),
            ("plain-text", "text that is not JSON (text/plain): It works!"),
            ("null", "null"),
            ("list", "a list of 0"),
            ("redirect", "redirect (302) to http://elsewhere.invalid/login"),
            ("huge", "more than 8 MiB"),
            ("gzip-bomb", "more than 8 MiB"),
        ],
    )
    async def test_it_does_not_ask_again_after(
        self, fault: str, words: str, model: ChatModel, model_name: str, server: MockModelServer
    ) -> None:
        server.script.always(model_name, fault)
        with pytest.raises(PermanentError) as caught:
            await model.complete(HELLO)
        assert words in caught.value.message
        assert len(caught.value.calls) == len(server.requests) == 1

    async def test_an_html_error_page_is_quoted_without_its_tags(self, model: ChatModel, model_name: str, server: MockModelServer) -> None:
        server.script.always(model_name, "html-error")
        with pytest.raises(RetryableError, match="answered 502: Please sign in"):
            await model.complete(HELLO)

    async def test_a_server_that_hangs_is_a_time_out(
        self, kind: str, model_name: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
    ) -> None:
        server.script.always(model_name, "hang")
        with pytest.raises(RetryableError, match=r"did not answer within 0\.1 s"):
            await connect(make_spec(kind, timeout_s=0.1, max_attempts=2), http).complete(HELLO)
        assert len(server.requests) == 2

    async def test_cancelling_stops_it_at_once_and_is_not_an_error_of_the_model(
        self, model: ChatModel, model_name: str, server: MockModelServer
    ) -> None:
        server.script.always(model_name, "hang")
        task = asyncio.create_task(model.complete(HELLO))
        await server.first_request.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(server.requests) == 1

    async def test_a_hundred_callers_can_share_one_model(self, model: ChatModel) -> None:
        replies = await asyncio.gather(*(model.complete([ChatMessage("user", f"number {index}")]) for index in range(100)))
        assert [reply.text for reply in replies] == [f"Answer 1 on: number {index}" for index in range(100)]

    async def test_an_address_that_is_none_is_a_clear_error(self, kind: str, make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
        for address in ("not an address", "ftp://example.org/v1", "http://", "http://[::1"):
            with pytest.raises(PermanentError, match="address"):
                await connect(make_spec(kind, base_url=address), http).complete(HELLO)

    async def test_nobody_listening_is_worth_another_try(self, kind: str, make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
        with pytest.raises(RetryableError, match="could not be reached") as caught:
            await connect(make_spec(kind, base_url="http://127.0.0.1:9"), http).complete(HELLO)
        assert len(caught.value.calls) == 3

    async def test_characters_that_no_database_takes_are_replaced(self, model: ChatModel, server: MockModelServer) -> None:
        server.reply_text = "before \x00 and \ud800 after"
        reply = await model.complete(HELLO)
        assert reply.text == "before \ufffd and \ufffd after"

    async def test_a_tool_conversation_with_empty_contents_can_be_sent(self, model: ChatModel) -> None:
        call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
        messages = [
            ChatMessage("assistant", "Hello"),
            ChatMessage("user", "find it"),
            ChatMessage("assistant", "", tool_calls=(call,)),
            ChatMessage("tool", "found", name="find", tool_call_id="c1"),
            ChatMessage("tool", "an orphan", tool_call_id="c9"),
        ]
        assert (await model.complete(messages)).text


async def test_webhooks_are_told_who_asks_and_when(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    await connect(make_spec("webhook"), http).complete(HELLO, context=CallContext(session_id="s1", user_id="u1"))
    assert {key: server.requests[0][key] for key in ("session_id", "user_id", "simulated_at")} == {
        "session_id": "s1",
        "user_id": "u1",
        "simulated_at": None,
    }


async def test_demo_models_are_marked_and_cost_nothing(http: aiohttp.ClientSession) -> None:
    model = connect(DEMO_MODELS["agent"], http)
    reply = await model.complete(HELLO)
    assert model.is_demo
    assert model.name == "demo/agent"
    assert reply.calls[0].price_usd == 0
    assert reply.usage.output_tokens == round(len(reply.text.split()) * 4 / 3)


async def test_an_unknown_kind_names_the_known_ones(http: aiohttp.ClientSession) -> None:
    with pytest.raises(LLMError, match="anthropic, demo, openai, webhook"):
        connect(ModelSpec("p", "m", "carrier-pigeon"), http)


def test_a_spec_does_not_show_its_secrets() -> None:
    spec = ModelSpec("p", "m", "openai", api_key="sk-1", headers={"X-Key": "sk-2"})
    assert "sk-" not in repr(spec)
    assert spec.name == "p/m"
    assert hash(spec)
