"""Anthropic's Messages API. One POST a request. Built by `registry.connect`."""

import json
from collections.abc import Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import aiohttp

from agents.llm.errors import LLMError, PermanentError
from agents.llm.hiding import hidden_data
from agents.llm.http import Target, endpoint, post_json, target_of, where
from agents.llm.reading import added, dig, keys_of, text_of, token_count
from agents.llm.spec import ModelSpec
from agents.llm.types import ChatMessage, Usage
from agents.llm.wire import Form, Refused, WireReply, WireRequest

HOME = "https://api.anthropic.com"
API_VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096  # the API wants a limit in every request
MAX_TEMPERATURE = 1.0  # OpenAI's scale goes to 2; more than 1 is a 400 here
OPENING = "(conversation starts)"  # the first message must be the user's, also when the agent speaks first
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class AnthropicWire:
    """See `wire.Wire`. Seeds do not exist in this API and are left out."""

    forms = (Form.TOOL_CALL, Form.TEXT)

    def __init__(self, spec: ModelSpec, http: aiohttp.ClientSession) -> None:
        self._spec = spec
        self._http = http
        self._takes_temperature = True

    async def ask(self, request: WireRequest) -> WireReply:
        target = self._target
        data = await post_json(self._http, target, self._body(request))
        try:
            return self._read(data, target.url, request)
        except LLMError as error:
            error.usage = usage_of(dig(data, "usage"))  # refused by us, but paid for
            raise

    def learn(self, refusal: Refused) -> bool:
        """Newer models take no temperature and say so in a 400."""
        if "temperature" not in refusal.said.lower() or "temperature" not in refusal.sent:
            return False
        self._takes_temperature = False
        return True

    @cached_property
    def _target(self) -> Target:
        # People paste the address with and without its /v1.
        versioned = self._spec.base_url.strip().rstrip("/").endswith("/v1")
        url = endpoint(self._spec, HOME, *(("messages",) if versioned else ("v1", "messages")))
        key = self._spec.api_key.strip()
        return target_of(self._spec, url, {"anthropic-version": API_VERSION, **({"x-api-key": key} if key else {})})

    def _body(self, request: WireRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._spec.model,
            "max_tokens": request.max_tokens or DEFAULT_MAX_TOKENS,
            "messages": anthropic_messages(request.messages),
        }
        system = "\n\n".join(message.content for message in request.messages if message.role == "system" and message.content)
        if system:
            body["system"] = system
        if request.temperature is not None and self._takes_temperature:
            body["temperature"] = min(request.temperature, MAX_TEMPERATURE)
        return {**body, **_tool_fields(request)}

    def _read(self, data: Any, url: str, request: WireRequest) -> WireReply:
        content = dig(data, "content")
        if not isinstance(content, list):
            found = keys_of(hidden_data(self._spec, data))
            raise PermanentError(f"{where(self._spec, url)} answered JSON without `content` ({found}): does it speak the Messages API?")
        given = next((block.get("input") for block in content if dig(block, "type") == "tool_use"), None)
        text = json.dumps(given) if request.form is Form.TOOL_CALL and given is not None else text_of(_text_blocks(content))
        reason = str(dig(data, "stop_reason") or "")
        return WireReply(text, usage_of(dig(data, "usage")), FINISH_REASONS.get(reason, reason))


def anthropic_messages(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    """User and assistant in turns, the user first. Neighbours of one role become one message.

    Tool calls and results are told as text: their blocks are refused unless the request offers the same tools.
    """
    said = [(_role(message), _as_text(message)) for message in messages if message.role != "system"]
    turns = [
        (role, "\n\n".join(text for _, text in group))
        for role, group in groupby((pair for pair in said if pair[1]), key=lambda pair: pair[0])
    ]
    if not turns or turns[0][0] != "user":
        turns.insert(0, ("user", OPENING))
    return [{"role": role, "content": text} for role, text in turns]


def usage_of(usage: Any) -> Usage:
    """Input tokens with the cached ones, as the other wires and the price list count them; the API reports them apart."""
    cached = token_count(dig(usage, "cache_read_input_tokens"))
    fresh = token_count(dig(usage, "input_tokens"))
    written = token_count(dig(usage, "cache_creation_input_tokens"))
    total = None if fresh is None else added(fresh, cached, written)
    return Usage(input_tokens=total, output_tokens=token_count(dig(usage, "output_tokens")), cached_input_tokens=cached)


def _role(message: ChatMessage) -> str:
    return "assistant" if message.role == "assistant" else "user"


def _as_text(message: ChatMessage) -> str:
    if message.role == "tool":
        return f"[result of {message.name or message.tool_call_id or 'a tool'}] {message.content}"
    calls = [f"[calls {dig(call, 'function', 'name')} with {dig(call, 'function', 'arguments')}]" for call in message.tool_calls]
    return "\n".join(part for part in (message.content.strip(), *calls) if part)


def _text_blocks(content: list[Any]) -> list[Any]:
    return [block for block in content if dig(block, "type") == "text"]


def _tool_fields(request: WireRequest) -> dict[str, Any]:
    if request.form is not Form.TOOL_CALL or request.shape is None:
        return {}
    tool = {"name": request.shape.name, "description": "Give the answer.", "input_schema": request.shape.json_schema}
    return {"tools": [tool], "tool_choice": {"type": "tool", "name": request.shape.name}}
