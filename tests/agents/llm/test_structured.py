"""An answer in a schema: forms, their fallbacks, the repair, and what is said when nothing helps."""

from typing import Literal

import aiohttp
import pytest
from pydantic import BaseModel, Field

from agents.llm.errors import InvalidAnswer, PermanentError
from agents.llm.registry import connect
from agents.llm.types import ChatMessage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_faults import Fault
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "Judge this.")]


class Verdict(BaseModel):
    reasoning: str
    score: int = Field(ge=0, le=100)
    grade: Literal["good", "bad"] = "good"


def _forms(server: MockModelServer) -> list[str]:
    """How each request asked for JSON."""
    return ["json_schema" if "response_format" in body else "tool" if "tools" in body else "text" for body in server.requests]


async def test_the_strongest_form_comes_first(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    reply = await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert isinstance(reply.parsed, Verdict)
    assert _forms(server) == ["json_schema"]
    sent = server.requests[0]["response_format"]["json_schema"]
    assert sent["name"] == "Verdict"
    assert sent["strict"] is True


async def test_it_goes_on_to_the_next_form_and_remembers(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.push("mock", "no-schema", "no-tools")
    model = connect(make_spec(), http)
    first = await model.complete(HELLO, schema=Verdict)
    await model.complete(HELLO, schema=Verdict)
    assert _forms(server) == ["json_schema", "tool", "text", "text"]
    assert isinstance(first.parsed, Verdict)
    assert [bool(call.error) for call in first.calls] == [True, True, False]


async def test_a_server_with_tools_only_is_asked_by_tool(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.always("mock", "no-schema")
    reply = await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert _forms(server) == ["json_schema", "tool"]
    assert isinstance(reply.parsed, Verdict)


async def test_a_400_about_something_else_is_not_asked_in_another_form(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", Fault("400", message="This model's maximum context length is 8192 tokens."))
    with pytest.raises(PermanentError, match="maximum context length"):
        await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_one_repair_shows_the_model_its_answer_and_the_errors(
    kind: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", "wrong-schema")
    reply = await connect(make_spec(kind), http).complete(HELLO, schema=Verdict)
    assert isinstance(reply.parsed, Verdict)
    assert len(reply.calls) == 2
    shown = server.requests[1]["messages"]
    assert '"score": "very good"' in shown[-2]["content"]
    assert "- reasoning: Field required" in shown[-1]["content"]
    assert "- score: Input should be a valid integer" in shown[-1]["content"]


async def test_a_server_that_ignores_the_form_is_shown_the_schema_in_words(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", "prose")
    reply = await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert _forms(server) == ["json_schema", "text"]
    assert isinstance(reply.parsed, Verdict)


async def test_after_the_repair_it_is_invalid_with_all_that_is_known(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", "wrong-schema")
    with pytest.raises(InvalidAnswer, match="also after one repair: it does not fit the schema") as caught:
        await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert caught.value.data == {"score": "very good"}
    assert caught.value.text == '{"score": "very good"}'
    assert caught.value.code == "invalid_answer"
    assert len(caught.value.calls) == 2


async def test_the_last_json_is_kept_when_the_repair_is_prose(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.push("mock", "wrong-schema", "prose")
    with pytest.raises(InvalidAnswer) as caught:
        await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert caught.value.data == {"score": "very good"}
    assert caught.value.text == "I would rather not answer in JSON."


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_an_answer_that_was_cut_says_so(kind: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    server.script.always("mock", "length")
    with pytest.raises(InvalidAnswer, match="cut at max_tokens") as caught:
        await connect(make_spec(kind), http).complete(HELLO, schema=Verdict, max_tokens=10)
    assert caught.value.calls[-1].finish_reason == "length"


@pytest.mark.parametrize(
    "text",
    [
        '{"reasoning": "r", "score": 5}',
        'Sure! Here it is:\n```json\n{"reasoning": "r", "score": 5,}\n```\nAnything else?',
        '<think>{"score": 1}</think>{"reasoning": "r", "score": 5}',
        'An example: {"score": 900}. My answer: {"reasoning": "r", "score": "5"}',
        '{"reasoning": "r", "score": 5, "extra": null}',
    ],
)
async def test_json_is_found_in_what_models_really_write(
    text: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.reply_text = text
    reply = await connect(make_spec("webhook"), http).complete(HELLO, schema=Verdict)
    assert reply.parsed == Verdict(reasoning="r", score=5)
    assert len(reply.calls) == 1


async def test_lone_surrogates_and_nul_inside_the_json_are_replaced(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.reply_text = r'{"reasoning": "a\u0000b\ud800c", "score": 5}'
    reply = await connect(make_spec(), http).complete(HELLO, schema=Verdict)
    assert reply.parsed == Verdict(reasoning="a\ufffdb\ufffdc", score=5)
