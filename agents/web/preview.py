"""What follows the form of an agent while it is typed: the system prompt the engine would use, or what an endpoint would be sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from agents.addresses import http_address
from agents.character import compile_system_prompt
from agents.llm.errors import PermanentError
from agents.llm.http import endpoint
from agents.llm.openai_wire import HOME, openai_messages
from agents.llm.spec import ModelSpec
from agents.llm.types import ChatMessage
from agents.llm.webhook_wire import DEFAULT_REPLY_PATH, webhook_body
from agents.llm.wire import WireRequest
from agents.models import Agent
from agents.web.forms import AgentForm
from agents.web.scores import big5_radar
from evalhub.common.charts import Radar

CHARACTERS_A_TOKEN = 4  # a rule of thumb for English; no tokenizer of ours is any provider's
SAID = (ChatMessage("user", "Hello!"),)


@dataclass(frozen=True, slots=True)
class Preview:
    """`problem` is a sentence where there is nothing to show yet. A character has a prompt, an endpoint an address and a body."""

    kind: str
    problem: str = ""
    prompt: str = ""
    radar: Radar | None = None
    address: str = ""
    body: str = ""
    reply_path: str = ""

    @property
    def tokens(self) -> int:
        return round(len(self.prompt) / CHARACTERS_A_TOKEN)


def preview_of(form: AgentForm) -> Preview:
    """Of what is typed, as far as it can be read."""
    form.is_valid()
    columns = form.columns()
    if columns["kind"] != Agent.Kind.CHARACTER:
        return _endpoint({"name": form.cleaned_data.get("name", ""), **columns})
    return _character({**form.character(), "name": form.cleaned_data.get("name", "")}, form.scores("big5"))


def preview_of_stored(agent: Agent | None) -> Preview:
    if agent is None:
        return _character({}, {})
    if agent.is_endpoint:
        names = ("name", "kind", "model", "endpoint_url", "reply_path")
        return _endpoint({name: getattr(agent, name) for name in names})
    return _character({"name": agent.name, **agent.character}, agent.character.get("big5") or {})


def _character(character: Mapping[str, Any], big5: Mapping[str, float]) -> Preview:
    kind = Agent.Kind.CHARACTER.value
    if not character.get("name"):
        return Preview(kind, "The prompt begins with the name: type one.", radar=big5_radar(big5))
    try:
        return Preview(kind, prompt=compile_system_prompt(character), radar=big5_radar(big5))
    except ValueError as error:
        return Preview(kind, str(error), radar=big5_radar(big5))


def _endpoint(columns: Mapping[str, Any]) -> Preview:
    kind, address = columns["kind"], columns["endpoint_url"]
    try:
        http_address(address)
    except ValidationError:
        return Preview(kind, "Type the address, and what it will be sent stands here.")
    if kind == Agent.Kind.WEBHOOK:
        body = webhook_body(WireRequest(SAID))
        return Preview(kind, address=address, body=_json(body), reply_path=columns["reply_path"] or DEFAULT_REPLY_PATH)
    body = {"messages": openai_messages(SAID), "model": columns["model"] or columns["name"]}
    try:
        asked = endpoint(ModelSpec(provider="endpoint", model="", kind="openai", base_url=address), HOME, "chat", "completions")
    except PermanentError as error:
        return Preview(kind, error.message)
    return Preview(kind, address=asked, body=_json(body), reply_path="choices.0.message.content")


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, indent=2)
