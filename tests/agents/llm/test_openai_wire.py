"""What is particular to OpenAI-compatible servers."""

import aiohttp
import pytest

from agents.llm.errors import PermanentError, RetryableError
from agents.llm.http import endpoint
from agents.llm.openai_wire import HOME, OpenAIWire, openai_messages
from agents.llm.reading import dig
from agents.llm.registry import ModelSpec, connect
from agents.llm.types import ChatMessage, Usage
from agents.llm.wire import Form, Shape, WireRequest
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]


async def test_it_sends_what_was_asked_for_and_nothing_more(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    await connect(make_spec(), http).complete(HELLO)
    assert server.requests[0] == {"model": "mock", "messages": [{"role": "user", "content": "hello"}]}
    await connect(make_spec(), http).complete(HELLO, temperature=0.2, max_tokens=50, seed=7)
    assert {key: server.requests[1][key] for key in ("temperature", "max_tokens", "seed")} == {
        "temperature": 0.2,
        "max_tokens": 50,
        "seed": 7,
    }


async def test_it_reads_usage_with_the_cached_part(make_spec: MakeSpec, http: aiohttp.ClientSession) -> None:
    reply = await connect(make_spec(), http).complete(HELLO)
    assert reply.usage == Usage(input_tokens=100, output_tokens=20, cached_input_tokens=40)
    assert reply.finish_reason == "stop"


async def test_a_server_without_usage_leaves_the_call_unpriced(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("gpt-4o-mini", "no-usage")
    reply = await connect(make_spec(model="gpt-4o-mini"), http).complete(HELLO)
    assert reply.usage == Usage()
    assert reply.calls[0].price_usd is None


@pytest.mark.parametrize(
    ("fault", "gone", "there"),
    [("no-temperature", "temperature", "seed"), ("no-seed", "seed", "temperature"), ("new-limit", "max_tokens", "max_completion_tokens")],
)
async def test_it_leaves_out_a_parameter_that_is_refused_and_remembers_it(
    fault: str, gone: str, there: str, make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", fault)
    model = connect(make_spec(), http)
    first = await model.complete(HELLO, temperature=0.2, max_tokens=50, seed=7)
    assert [bool(call.error) for call in first.calls] == [True, False]
    second = await model.complete(HELLO, temperature=0.2, max_tokens=50, seed=7)
    assert len(second.calls) == 1
    assert gone not in server.requests[-1]
    assert there in server.requests[-1]


async def test_a_wrong_value_is_not_mistaken_for_an_unknown_parameter(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    from tests.support.mock_faults import Fault

    server.script.always("mock", Fault("400", message="temperature must be between 0 and 2"))
    with pytest.raises(PermanentError, match="between 0 and 2"):
        await connect(make_spec(), http).complete(HELLO, temperature=9)
    assert len(server.requests) == 1


async def test_an_error_inside_a_200_counts_as_what_it_says(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", "error-inside")
    with pytest.raises(RetryableError, match="answered 502: upstream is down"):
        await connect(make_spec(), http).complete(HELLO)


@pytest.mark.parametrize("code", [502, "502", 429])
@pytest.mark.parametrize("where", ["beside the choices", "in a choice"])
def test_an_error_that_passes_is_known_wherever_a_200_carries_it(code: object, where: str) -> None:
    error = {"error": {"message": "Provider disconnected", "code": code}}
    data = error if where == "beside the choices" else {"choices": [{**error, "message": {"content": "Half of an ans"}}]}
    with pytest.raises(RetryableError, match=f"answered {code}: Provider disconnected"):
        _wire()._read(data, HOME, WireRequest(()))


@pytest.mark.parametrize("error", ["no such model", {"code": "model_not_found"}, {"code": 7}, {"code": "502 or so"}])
def test_an_error_inside_a_200_that_names_no_status_is_final(error: object) -> None:
    with pytest.raises(PermanentError, match="answered 400"):
        _wire()._read({"error": error}, HOME, WireRequest(()))


def _wire() -> OpenAIWire:
    return OpenAIWire(ModelSpec("p", "m", "openai"), None)  # type: ignore[arg-type]


async def test_the_key_is_never_quoted_back(make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer) -> None:
    from tests.support.mock_faults import Fault

    server.script.always("mock", Fault("401", message="Incorrect API key provided: sk-secret."))
    with pytest.raises(PermanentError) as caught:
        await connect(make_spec(), http).complete(HELLO)
    assert "sk-secret" not in caught.value.message
    assert "[the API key]" in caught.value.message


def _read(message: object, form: Form | None = None) -> str:
    shape = Shape("answer", {}) if form else None
    return _wire()._read({"choices": [{"message": message}]}, HOME, WireRequest((), form=form, shape=shape)).text


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "hi"}, "hi"),
        ({"content": None}, ""),
        ({}, ""),
        (None, ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "image"}, "b"]}, "ab"),
        ({"content": None, "refusal": "No."}, "No."),
        ({"content": 5, "tool_calls": "odd"}, ""),
    ],
)
def test_contents_of_every_shape_become_text(message: object, text: str) -> None:
    assert _read(message) == text


def test_arguments_may_be_text_or_an_object() -> None:
    for arguments in ('{"a": 1}', {"a": 1}):
        assert _read({"tool_calls": [{"function": {"name": "answer", "arguments": arguments}}]}, Form.TOOL_CALL) == '{"a": 1}'


def test_an_answer_that_is_only_a_tool_call_is_a_clear_error() -> None:
    with pytest.raises(PermanentError, match="called the tool get_order instead of answering"):
        _read({"content": None, "tool_calls": [{"function": {"name": "get_order", "arguments": "{}"}}]})


def test_speakers_and_tool_messages_are_passed_on() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    sent = openai_messages(
        [
            ChatMessage("user", "hi", name="Jo"),
            ChatMessage("user", "hi", name="not a name!"),
            ChatMessage("assistant", "", tool_calls=(call,)),
            ChatMessage("tool", "found", tool_call_id="c1"),
            ChatMessage("tool", "lost", tool_call_id="c2"),
        ]
    )
    assert sent[0]["name"] == "Jo"
    assert "name" not in sent[1]
    assert sent[2] == {"role": "assistant", "content": None, "tool_calls": [call]}
    assert sent[3] == {"role": "tool", "content": "found", "tool_call_id": "c1"}
    assert sent[4] == {"role": "user", "content": "[result of a tool] lost"}


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("", "https://api.openai.com/v1/chat/completions"),
        ("http://x:1/v1/", "http://x:1/v1/chat/completions"),
        ("http://x/v1/chat/completions", "http://x/v1/chat/completions"),
        ("https://x/deploy?api-version=2", "https://x/deploy/chat/completions?api-version=2"),
    ],
)
def test_the_address_is_completed_once(base: str, url: str) -> None:
    assert endpoint(ModelSpec("p", "m", "openai", base_url=base), HOME, "chat", "completions") == url


async def test_ranges_are_kept_for_servers_that_make_a_grammar_of_them_and_left_out_for_openai(http: aiohttp.ClientSession) -> None:
    shape = Shape("answer", {"type": "object", "properties": {"score": {"type": "integer", "minimum": 0}}})
    request = WireRequest((), form=Form.JSON_SCHEMA, shape=shape)
    wire = OpenAIWire(ModelSpec("p", "m", "openai"), http)
    path = ("response_format", "json_schema", "schema", "properties", "score")
    assert dig(wire._body(request, strict=False), *path) == {"type": "integer", "minimum": 0}
    assert dig(wire._body(request, strict=True), *path) == {"type": "integer"}
