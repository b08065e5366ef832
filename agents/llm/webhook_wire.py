"""An agent behind a plain JSON webhook: the conversation goes out, the reply is read from a place the owner names.

One POST a request. Built by `registry.connect`.
"""

from datetime import datetime
from functools import cached_property
from typing import Any

import aiohttp

from agents.llm.errors import PermanentError
from agents.llm.hiding import hidden_data
from agents.llm.http import Target, post_json, target_of, where
from agents.llm.quoting import quote
from agents.llm.reading import keys_of
from agents.llm.spec import ModelSpec
from agents.llm.types import CallContext, ChatMessage
from agents.llm.wire import Form, Refused, WireReply, WireRequest

DEFAULT_REPLY_PATH = "reply"


class WebhookWire:
    """See `wire.Wire`. A webhook counts no tokens, so its calls are unpriced."""

    forms = (Form.TEXT,)

    def __init__(self, spec: ModelSpec, http: aiohttp.ClientSession) -> None:
        self._spec = spec
        self._http = http

    async def ask(self, request: WireRequest) -> WireReply:
        data = await post_json(self._http, self._target, webhook_body(request))
        return WireReply(self._reply_in(data), finish_reason="stop")

    @cached_property
    def _target(self) -> Target:
        key = self._spec.api_key.strip()
        return target_of(self._spec, self._spec.base_url.strip(), {"Authorization": f"Bearer {key}"} if key else {})

    def learn(self, refusal: Refused) -> bool:
        return False

    def _reply_in(self, data: Any) -> str:
        path = self._spec.reply_path.strip() or DEFAULT_REPLY_PATH
        value, walked = data, "the answer"
        for step in path.split("."):
            found = _step(value, step)
            if found is None:
                raise self._misled(f"the reply path `{path}` leads nowhere. At `{quote(step, 40)}`, {walked} is {self._shape(value)}.")
            value, walked = found[0], f"`{quote(step, 40)}`"
        if isinstance(value, dict | list):
            raise self._misled(f"the reply path `{path}` ends at {self._shape(value)}, not at a text.")
        return "" if value is None else str(value)

    def _shape(self, value: Any) -> str:
        return keys_of(hidden_data(self._spec, value))

    def _misled(self, why: str) -> PermanentError:
        return PermanentError(f"{where(self._spec, self._target.url)}: {why}")


def _step(value: Any, step: str) -> tuple[Any] | None:
    """One step down, wrapped because a found value may well be null."""
    if isinstance(value, dict) and step in value:
        return (value[step],)
    if isinstance(value, list) and step.lstrip("-").isdecimal() and -len(value) <= int(step) < len(value):
        return (value[int(step)],)
    return None


def webhook_body(request: WireRequest) -> dict[str, Any]:
    context = request.context or CallContext()
    return {
        "messages": [_message(message) for message in request.messages],
        "session_id": context.session_id,
        "user_id": context.user_id,
        "simulated_at": _iso(context.simulated_at),
    }


def _message(message: ChatMessage) -> dict[str, Any]:
    extra = {"name": message.name, "tool_calls": list(message.tool_calls), "tool_call_id": message.tool_call_id}
    return {"role": message.role, "content": message.content, **{key: value for key, value in extra.items() if value}}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
