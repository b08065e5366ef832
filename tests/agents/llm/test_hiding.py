"""A server that repeats the key it was sent: in whatever it says wrong, nothing of the key is told to the caller, a log or a record."""

import base64
import json
from collections.abc import Mapping

import pytest
from aiohttp import web

from agents.llm.errors import LLMError
from agents.llm.http import open_session
from agents.llm.registry import connect
from agents.llm.spec import ModelSpec, RetryNotice
from agents.llm.types import ChatMessage
from tests.support.small_servers import Handler, serving

KEY = 'zq-live-0123456789/"abcdef+='
HELLO = [ChatMessage("user", "hello")]
CUT = "x" * 290  # a message quotes 300 characters of a server


def answer_of(way: str) -> tuple[int, Mapping[str, str], bytes]:
    """What a server says of a key in this way: status, headers, body."""
    spelt = {"plain": KEY, "json": json.dumps(KEY)[1:-1], "base64": base64.b64encode(f"user:{KEY}".encode()).decode()}
    status, name, *kind = way.split()
    body: dict[str, bytes] = {
        "error": json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode(),
        "cut": json.dumps({"error": {"message": CUT + KEY}}).encode(),
        "text": f"No such key: {spelt.get(kind[0] if kind else 'plain')}".encode(),
        "html": f"<html><body>{KEY}</body></html>".encode(),
        "broken": f'{{"key": "{spelt["json"]}'.encode(),
        "broken-cut": f'{{"k": "{CUT}{spelt["json"]}'.encode(),
        "keys": json.dumps({KEY: 1, "y" * 30 + KEY: 2}).encode(),
        "inside": json.dumps({"error": {"message": f"upstream said {KEY}", "code": 401}}).encode(),
        "tool": json.dumps({"choices": [{"message": {"tool_calls": [{"function": {"name": KEY}}]}}]}).encode(),
        "nothing": b"",
    }
    headers = {"Location": f"https://a.example/?key={spelt['plain']}", "Content-Type": f"text/plain; key={KEY.replace(chr(34), '')}"}
    return int(status), headers if name in ("nothing", "text") else {"Content-Type": "application/json"}, body[name]


def saying(way: str) -> Handler:
    status, headers, body = answer_of(way)

    async def answer(request: web.Request) -> web.StreamResponse:
        assert KEY in str(request.headers)
        return web.Response(status=status, headers=headers, body=body)

    return answer


@pytest.mark.parametrize("kind", ["openai", "anthropic", "webhook"])
@pytest.mark.parametrize(
    "way",
    [
        *("401 error", "401 cut", "400 text", "400 text json", "403 text base64", "429 error", "500 error", "500 html"),
        *("200 broken", "200 broken-cut", "200 keys", "200 inside", "200 tool", "200 text", "200 text base64", "307 nothing"),
    ],
)
async def test_no_failure_tells_a_key(kind: str, way: str, caplog: pytest.LogCaptureFixture) -> None:
    said: list[RetryNotice] = []

    async def note(notice: RetryNotice) -> None:
        said.append(notice)

    async with serving(saying(way)) as port, open_session() as http:
        spec = ModelSpec("test", "m", kind, f"http://127.0.0.1:{port}", KEY, max_attempts=2, patience_s=0.0, retry_base_s=0.01)
        with caplog.at_level("DEBUG"), pytest.raises(LLMError) as caught:
            await connect(spec, http, on_retry=note).complete(HELLO)
    error = caught.value
    told = " ".join([error.message, str(error), repr(error.calls), repr(said), caplog.text, repr(spec), str(getattr(error, "said", ""))])
    assert "zq-" not in told
    assert base64.b64encode(KEY.encode()).decode()[4:12] not in told
    assert base64.b64encode(f"user:{KEY}".encode()).decode()[10:20] not in told


@pytest.mark.parametrize(("key", "told"), [("zq-a-long-secret-key", "It is [the API key]."), ("ollama", "It is ollama.")])
async def test_a_reply_is_changed_only_for_what_cannot_be_a_word_of_it(key: str, told: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"reply": f"It is {request.headers['Authorization'].removeprefix('Bearer ')}."})

    async with serving(answer) as port, open_session() as http:
        reply = await connect(ModelSpec("test", "m", "webhook", f"http://127.0.0.1:{port}", key), http).complete(HELLO)
    assert reply.text == told
