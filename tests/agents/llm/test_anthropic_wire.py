"""What is particular to the Messages API."""

import aiohttp
import pytest

from agents.llm.anthropic_wire import OPENING, anthropic_messages, usage_of
from agents.llm.registry import connect
from agents.llm.types import ChatMessage, Usage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_faults import Fault
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("system", "Be kind."), ChatMessage("system", "Be brief."), ChatMessage("user", "hello")]


async def test_it_sends_version_system_and_the_limit_that_is_required(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    await connect(make_spec("anthropic"), http).complete(HELLO, temperature=1.5, seed=3)
    assert server.requests[0] == {
        "model": "mock",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hello"}],
        "system": "Be kind.\n\nBe brief.",
        "temperature": 1.0,
    }
    assert server.headers[0]["anthropic-version"] == "2023-06-01"
    assert server.headers[0]["x-api-key"] == "sk-secret"


async def test_input_tokens_include_the_cached_ones(make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
    reply = await connect(make_spec("anthropic"), http).complete(HELLO)
    assert reply.usage == Usage(input_tokens=100, output_tokens=20, cached_input_tokens=40)
    assert reply.finish_reason == "stop"


async def test_a_schema_is_asked_for_by_a_forced_tool(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    from pydantic import BaseModel

    class Score(BaseModel):
        score: int

    reply = await connect(make_spec("anthropic"), http).complete(HELLO, schema=Score)
    assert reply.parsed == Score(score=70)
    assert server.requests[0]["tool_choice"] == {"type": "tool", "name": "Score"}


async def test_the_address_is_taken_with_and_without_its_version(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    for address in (server.url, server.url + "/", server.url + "/v1", server.url + "/v1/messages"):
        assert (await connect(make_spec("anthropic", base_url=address), http).complete(HELLO)).text


async def test_it_leaves_out_a_temperature_that_is_refused(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", Fault("400", message="`temperature` is deprecated for this model."))
    reply = await connect(make_spec("anthropic"), http).complete(HELLO, temperature=0.5)
    assert len(reply.calls) == 2
    assert "temperature" not in server.requests[1]


def test_the_user_speaks_first_and_neighbours_of_one_role_are_joined() -> None:
    messages = [
        ChatMessage("assistant", "Hi."),
        ChatMessage("assistant", "Still there?"),
        ChatMessage("user", "a"),
        ChatMessage("user", "b"),
    ]
    assert anthropic_messages(messages) == [
        {"role": "user", "content": OPENING},
        {"role": "assistant", "content": "Hi.\n\nStill there?"},
        {"role": "user", "content": "a\n\nb"},
    ]


@pytest.mark.parametrize("messages", [[], [ChatMessage("system", "x")], [ChatMessage("user", " ")]])
def test_there_is_always_something_to_answer(messages: list[ChatMessage]) -> None:
    assert anthropic_messages(messages) == [{"role": "user", "content": OPENING}]


def test_tools_are_told_as_text() -> None:
    call = {"id": "c1", "function": {"name": "find", "arguments": '{"q": 1}'}}
    messages = [ChatMessage("user", "q"), ChatMessage("assistant", "Wait.", tool_calls=(call,)), ChatMessage("tool", "42", name="find")]
    assert [turn["content"] for turn in anthropic_messages(messages)] == ["q", 'Wait.\n[calls find with {"q": 1}]', "[result of find] 42"]


@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": "many"}, {"input_tokens": -1}, {"input_tokens": True}, []])
def test_usage_that_cannot_be_read_is_not_guessed(usage: object) -> None:
    assert usage_of(usage) == Usage()
