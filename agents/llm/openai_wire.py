"""OpenAI's chat completions: OpenAI, OpenRouter, Gemini's compatible address, vLLM, Ollama, llama.cpp and endpoint agents.

One POST a request. Built by `registry.connect`.
"""

import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import aiohttp
from yarl import URL

from agents.llm.errors import LLMError, PermanentError
from agents.llm.hiding import hidden, hidden_data
from agents.llm.http import Answer, Target, endpoint, error_of_status, post_json, target_of, where
from agents.llm.quoting import quote
from agents.llm.reading import dig, keys_of, text_of, token_count
from agents.llm.schema import without_ranges
from agents.llm.spec import ModelSpec
from agents.llm.types import ChatMessage, Usage
from agents.llm.wire import Form, Refused, WireReply, WireRequest

HOME = "https://api.openai.com/v1"
STRICT_HOSTS = ("api.openai.com", ".openai.azure.com")
_SPEAKER = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REFUSED_PARAMETER = re.compile(
    r"unsupported|not supported|does ?n.t support|not support|only the default|deprecated|unrecogni|unknown|unexpected|not permitted"
)


class OpenAIWire:
    """See `wire.Wire`. Remembers which parameters this model does not take."""

    forms = (Form.JSON_SCHEMA, Form.TOOL_CALL, Form.TEXT)

    def __init__(self, spec: ModelSpec, http: aiohttp.ClientSession) -> None:
        self._spec = spec
        self._http = http
        self._left_out: set[str] = set()

    async def ask(self, request: WireRequest) -> WireReply:
        target = self._target
        data = await post_json(self._http, target, self._body(request, strict=self._is_strict))
        try:
            return self._read(data, target.url, request)
        except LLMError as error:
            error.usage = usage_of(dig(data, "usage"))  # refused by us, but paid for
            raise

    def learn(self, refusal: Refused) -> bool:
        """Some models take no temperature or seed, newer ones another word for max_tokens. They say so in a 400."""
        said = refusal.said.lower()
        lessons = [word for word in ("temperature", "seed") if word in said and _REFUSED_PARAMETER.search(said)]
        if "max_completion_tokens" in said:
            lessons.append("max_tokens")
        lessons = [word for word in lessons if word in refusal.sent]
        self._left_out.update(lessons)
        return bool(lessons)

    @cached_property
    def _target(self) -> Target:
        key = self._spec.api_key.strip()
        return target_of(self._spec, endpoint(self._spec, HOME, "chat", "completions"), {"Authorization": f"Bearer {key}"} if key else {})

    @cached_property
    def _is_strict(self) -> bool:
        return (URL(self._target.url).host or "").endswith(STRICT_HOSTS)

    def _body(self, request: WireRequest, *, strict: bool) -> dict[str, Any]:
        limit = "max_completion_tokens" if "max_tokens" in self._left_out else "max_tokens"
        optional = {"temperature": request.temperature, "seed": request.seed, limit: request.max_tokens}
        body: dict[str, Any] = {"messages": openai_messages(request.messages)}
        if self._spec.model:  # an endpoint agent may be one model only
            body["model"] = self._spec.model
        body.update({key: value for key, value in optional.items() if value is not None and key not in self._left_out})
        return {**body, **_form_fields(request, strict=strict)}

    def _read(self, data: Any, url: str, request: WireRequest) -> WireReply:
        choice = dig(data, "choices", 0)
        if not isinstance(choice, dict) or choice.get("error"):
            raise self._no_answer(data, url)
        message = dig(choice, "message")
        text = _forced_arguments(message, request) or text_of(dig(message, "content")) or text_of(dig(message, "refusal"))
        called = dig(message, "tool_calls", 0, "function", "name")
        if not text.strip() and called:
            tool = quote(hidden(self._spec, str(called)), 60)
            raise PermanentError(f"{where(self._spec, url)} called the tool {tool} instead of answering; nobody runs it here.")
        return WireReply(text, usage_of(dig(data, "usage")), str(dig(choice, "finish_reason") or ""))

    def _no_answer(self, data: Any, url: str) -> LLMError:
        """OpenRouter and others report an upstream failure inside a 200: beside the choices, or in one that broke off."""
        error = dig(data, "error") or dig(data, "choices", 0, "error")
        if error:
            answer = Answer(_status_in(error), json.dumps({"error": error}).encode())
            return error_of_status(self._spec, url, answer, sent={})
        found = keys_of(hidden_data(self._spec, data))
        return PermanentError(f"{where(self._spec, url)} answered JSON without `choices` ({found}): is it an OpenAI-compatible address?")


def openai_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """The conversation in OpenAI's shape. A tool's result whose call is not in the conversation is told as text: servers refuse it else."""
    known = {call.get("id") for message in messages for call in message.tool_calls}
    return [_openai_message(message, known) for message in messages]


def _openai_message(message: ChatMessage, known: set[Any]) -> dict[str, Any]:
    if message.role == "tool" and message.tool_call_id not in known:
        return {"role": "user", "content": f"[result of {message.name or 'a tool'}] {message.content}"}
    shape: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        return {**shape, "tool_call_id": message.tool_call_id}
    if message.name and _SPEAKER.fullmatch(message.name):
        shape["name"] = message.name
    if message.tool_calls:
        shape |= {"content": message.content or None, "tool_calls": list(message.tool_calls)}
    return shape


def usage_of(usage: Any) -> Usage:
    return Usage(
        input_tokens=token_count(dig(usage, "prompt_tokens")),
        output_tokens=token_count(dig(usage, "completion_tokens")),
        cached_input_tokens=token_count(dig(usage, "prompt_tokens_details", "cached_tokens")),
    )


def _form_fields(request: WireRequest, *, strict: bool) -> dict[str, Any]:
    shape = request.shape
    if shape is None or request.form in (None, Form.TEXT):
        return {}
    schema = without_ranges(shape.json_schema) if strict else shape.json_schema
    if request.form is Form.JSON_SCHEMA:
        return {"response_format": {"type": "json_schema", "json_schema": {"name": shape.name, "schema": schema, "strict": True}}}
    function = {"name": shape.name, "description": "Give the answer.", "parameters": schema}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": shape.name}},
    }


def _status_in(error: Any) -> int:
    """The status that an error inside a 200 names, as a number or in digits; 400 where it names none."""
    code = dig(error, "code")
    status = int(code) if isinstance(code, str) and re.fullmatch(r"[45]\d\d", code) else code
    return status if isinstance(status, int) and 400 <= status < 600 else 400


def _forced_arguments(message: Any, request: WireRequest) -> str:
    """The arguments of the tool call we asked for; some servers give them as an object instead of a string."""
    if request.form is not Form.TOOL_CALL:
        return ""
    arguments = dig(message, "tool_calls", 0, "function", "arguments")
    return arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""
