"""A model server to test against: real HTTP on loopback, three protocols, every fault on demand.

In a test: `async with MockModelServer() as server`. For process tests: `python -m tests.support.mock_server --port 9000`.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.support.mock_answers import Json, instance_of, purpose_of, schema_of, talk, text_of
from tests.support.mock_faults import SLOW, Fault, Script

HTML = "<!doctype html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>"
HANG_S = 3600
TOO_LARGE = 9 * 1024 * 1024
Shaper = Callable[[str, str, bool, bool], Json]


class MockModelServer:
    """`url` is the root; `openai_url` and `anthropic_url` are what a provider is given. `requests` keeps every body, `stats` counts."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.script = Script()
        self.requests: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.stats: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.first_request = asyncio.Event()
        self.reply_text: str | None = None
        self.replies: dict[str, str] = {}  # by model; those that are not named say what `reply_text` says, or a text of their own
        self.reply_delay_s = 0.0
        self.user_turns = 3
        self._host, self._port = host, port
        self._counts: Counter[tuple[str, str]] = Counter()
        # An answer that hangs ends with its client; without this its task would outlive the server.
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        return self.url

    @property
    def webhook_url(self) -> str:
        return f"{self.url}/webhook"

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def __aenter__(self) -> "MockModelServer":
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/v1/messages", self._anthropic)
        app.router.add_post("/webhook", self._webhook)
        app.router.add_get("/_stats", self._show_stats)
        app.router.add_post("/_script", self._take_script)
        return app

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, openai_answer)

    async def _anthropic(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, anthropic_answer)

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, webhook_answer)

    async def _show_stats(self, request: web.Request) -> web.Response:
        return web.json_response({"requests": len(self.requests), "by_model_and_purpose": dict(self.stats)})

    async def _take_script(self, request: web.Request) -> web.Response:
        """{"model": "…", "faults": ["429", null, …]} from a process test."""
        order = await request.json()
        self.script.push(order["model"], *order["faults"])
        return web.json_response({})

    async def _answer(self, request: web.Request, shaped: Shaper) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.first_request.set()
        self.headers.append(dict(request.headers))
        model, schema = str(body.get("model", "webhook")), schema_of(body)
        purpose = purpose_of(_system_of(body), schema)
        self.stats[f"{model} {purpose}"] += 1
        self._counts[model, purpose] += 1
        faults = self.script.next_for(model, self._counts[model, purpose])
        await asyncio.sleep(self.reply_delay_s + sum(_delay(fault) for fault in faults))
        kind = next((fault for fault in faults if fault.kind not in SLOW), None)
        self.faults[kind.kind if kind else ""] += 1
        return await self._failed(request, kind, body, shaped) if kind else self._good(body, shaped)

    def _good(self, body: Json, shaped: Shaper, *, text: str | None = None, usage: bool = True) -> web.Response:
        given = self._text(body) if text is None else text
        answer = shaped(given, str(body.get("model", "")), bool(body.get("tools")), usage)
        return web.json_response(answer)

    def _text(self, body: Json) -> str:
        if (text := self.replies.get(str(body.get("model")), self.reply_text)) is not None:
            return text
        schema = schema_of(body)
        if schema is None:
            return talk(purpose_of(_system_of(body), None), body["messages"], user_turns=self.user_turns)
        return json.dumps(instance_of(schema, "\n".join(text_of(message) for message in body["messages"])))

    async def _failed(self, request: web.Request, fault: Fault, body: Json, shaped: Shaper) -> web.StreamResponse:
        if fault.kind == "hang":
            await asyncio.sleep(HANG_S)
        if fault.kind in ("cut", "cut-body"):
            return await _cut(request, half=fault.kind == "cut-body")
        refusal = _refusal(fault, body)
        return refusal or self._odd(fault.kind, body, shaped)

    def _odd(self, kind: str, body: Json, shaped: Shaper) -> web.Response:
        """Answers with 200 that are wrong in themselves, and the good one where a fault does not apply."""
        if kind in ODD_TEXTS:
            return self._good(body, shaped, text=ODD_TEXTS[kind])
        if kind in ODD_BODIES:
            return web.Response(text=ODD_BODIES[kind], content_type="application/json")
        if kind in ODD_RESPONSES:
            return ODD_RESPONSES[kind]()
        if kind == "cut-answer":
            return self._cut_answer(body, shaped)
        if kind == "length":
            return self._good(body, shaped, text=self._text(body)[:20] + "\x00cut")
        return _packed(self._good(body, shaped, usage=kind != "no-usage"), kind)

    def _cut_answer(self, body: Json, shaped: Shaper) -> web.Response:
        """Half of the JSON that was asked for, in a whole body. Half of a message could not be told from one, so there the body is cut."""
        text = self._text(body)
        return self._odd("broken-json", body, shaped) if schema_of(body) is None else self._good(body, shaped, text=text[: len(text) // 2])


ODD_TEXTS = {"wrong-schema": '{"score": "very good"}', "prose": "I would rather not answer in JSON.", "empty": ""}
ODD_BODIES = {
    "broken-json": '{"choices": [{"message": {"content": "hal',
    "null": "null",
    "list": "[]",
    "error-inside": '{"error": {"message": "upstream is down", "code": 502}}',
    "calls-a-tool": (
        '{"choices": [{"message": {"content": null, "tool_calls": [{"function": {"name": "refund", "arguments": "{}"}}]}}],'
        ' "usage": {"prompt_tokens": 50000, "completion_tokens": 4000}}'
    ),
    "no-content": '{"a\\u0000key": 1, "usage": {"input_tokens": 50000, "output_tokens": 4000}}',
    "odd-reason": '{"choices": [{"message": {"content": "Hello"}, "finish_reason": "st\\ud800o\\u0000p"}]}',
}
ODD_RESPONSES: dict[str, Callable[[], web.Response]] = {
    "empty-body": web.Response,
    "plain-text": lambda: web.Response(text="It works!"),
    "html": lambda: web.Response(text=HTML, content_type="text/html"),
    "huge": lambda: web.Response(body=b'{"x": "' + b"a" * TOO_LARGE + b'"}', content_type="application/json"),
    "gzip-bomb": lambda: _packed(web.Response(body=b" " * TOO_LARGE, content_type="application/json"), "gzip"),
}
REFUSED_WORDS = {
    "no-schema": ("response_format", "response_format json_schema is not supported by this model"),
    "no-tools": ("tools", "tool_choice: this model does not support tools"),
    "no-temperature": ("temperature", "Unsupported value: 'temperature' does not support 0.2 with this model"),
    "no-seed": ("seed", "unknown parameter: seed"),
    "new-limit": ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
}


def openai_answer(text: str, model: str, as_tool: bool, usage: bool) -> Json:
    text, reason = (text.removesuffix("\x00cut"), "length") if text.endswith("\x00cut") else (text, "stop")
    message: Json = {"role": "assistant", "content": None if as_tool else text}
    if as_tool:
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": {"name": "answer", "arguments": text}}]
    answer: Json = {
        "id": "mock",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    if usage:
        answer["usage"] = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 40}}
    return answer


def anthropic_answer(text: str, model: str, as_tool: bool, usage: bool) -> Json:
    text, reason = (text.removesuffix("\x00cut"), "max_tokens") if text.endswith("\x00cut") else (text, "end_turn")
    block: Json = {"type": "text", "text": text}
    if as_tool:
        with contextlib.suppress(ValueError):
            block = {"type": "tool_use", "id": "toolu_1", "name": "answer", "input": json.loads(text)}
    answer: Json = {"id": "mock", "type": "message", "role": "assistant", "model": model, "content": [block], "stop_reason": reason}
    if usage:
        answer["usage"] = {"input_tokens": 60, "output_tokens": 20, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 0}
    return answer


def webhook_answer(text: str, model: str, as_tool: bool, usage: bool) -> Json:
    return {"reply": text.removesuffix("\x00cut"), "nested": {"items": [{"text": text}]}, "count": 3}


def _refusal(fault: Fault, body: Json) -> web.Response | None:
    """Answers with a status of their own, in OpenAI's error shape."""
    if fault.kind in REFUSED_WORDS:
        field, message = REFUSED_WORDS[fault.kind]
        return _error(400, fault.message or message) if field in body else None
    if fault.kind == "redirect":
        return web.Response(status=302, headers={"Location": "http://elsewhere.invalid/login"})
    if fault.kind == "quota":
        return _error(429, "You exceeded your current quota.", code="insufficient_quota")
    if fault.kind == "html-error":
        return web.Response(status=502, text=HTML, content_type="text/html")
    if fault.kind.isdecimal():
        return _error(int(fault.kind), fault.message or f"mock error {fault.kind}", retry_after=fault.retry_after)
    return None


def _error(status: int, message: str, *, code: str = "mock", retry_after: str = "") -> web.Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    return web.json_response({"error": {"message": message, "type": "mock_error", "code": code}}, status=status, headers=headers)


def _packed(answer: web.Response, how: str) -> web.Response:
    """The same answer as a proxy may pass it on: compressed (gzip) or without its length (chunked); as it is for any other word."""
    if how == "gzip":
        assert isinstance(answer.body, bytes)
        return web.Response(body=gzip.compress(answer.body), content_type=answer.content_type, headers={"Content-Encoding": "gzip"})
    if how == "chunked":
        answer.enable_chunked_encoding()
    return answer


async def _cut(request: web.Request, *, half: bool) -> web.StreamResponse:
    """Close the socket without an answer, or in the middle of one that promised to be longer."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    if half:
        await response.prepare(request)
        await response.write(b'{"choices": [{"message": ')
    if request.transport is not None:
        request.transport.close()
    return response


def _delay(fault: Fault) -> float:
    if fault.kind == "jitter":
        return random.uniform(fault.seconds, fault.most_seconds)
    return fault.seconds


def _system_of(body: Json) -> str:
    own = body.get("system", "")
    return "\n".join([str(own), *(text_of(message) for message in body.get("messages", []) if message.get("role") == "system")])


async def _serve(host: str, port: int) -> None:
    async with MockModelServer(host, port):
        await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> Any:
    parser = argparse.ArgumentParser(description="A mock model server: OpenAI, Anthropic and webhook, with faults in the model's name.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    given = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(given.host, given.port))
    except KeyboardInterrupt:
        return None


if __name__ == "__main__":
    main()
