"""From a description of a model to one that can be asked. The only door into this package for `agents.clients` and the command line.

To add a wire format: one file that speaks it, and one line in `WIRES`.
"""

from collections.abc import Callable
from dataclasses import replace

import aiohttp

from agents.llm.anthropic_wire import AnthropicWire
from agents.llm.client import WireModel
from agents.llm.demo import DemoWire
from agents.llm.errors import PermanentError
from agents.llm.gate import Gate
from agents.llm.openai_wire import OpenAIWire
from agents.llm.spec import MayAsk, ModelSpec, OnRetry, RetryNotice
from agents.llm.types import ChatModel
from agents.llm.webhook_wire import WebhookWire
from agents.llm.wire import Hold, Paid, Wire, WireRequest

__all__ = ["DEMO_MODELS", "WIRES", "Hold", "ModelSpec", "OnRetry", "Paid", "RetryNotice", "WireRequest", "connect"]

WIRES: dict[str, Callable[[ModelSpec, aiohttp.ClientSession], Wire]] = {
    "openai": OpenAIWire,
    "anthropic": AnthropicWire,
    "webhook": WebhookWire,
    "demo": DemoWire,
}

DEMO_MODELS = {role: ModelSpec(provider="demo", model=role, kind="demo") for role in ("agent", "user", "judge", "hasty")}


def connect(
    spec: ModelSpec,
    http: aiohttp.ClientSession,
    *,
    on_retry: OnRetry | None = None,
    demo_delay_s: float = 0.0,
    gate: Gate | None = None,
    may_ask: MayAsk | None = None,
    hold: Hold | None = None,
) -> ChatModel:
    """A model ready to be asked over `http`. `on_retry` is awaited before each wait; `demo_delay_s` slows the demo models down.

    With a `gate`, every single request takes one of its places while it is open. `may_ask` is awaited before every request; what it raises
    ends the exchange. `hold` is called with every request just before it is sent, and may refuse it for its price.
    """
    if spec.kind not in WIRES:
        raise PermanentError(f"{spec.name} is of the kind {spec.kind!r}; known kinds are {', '.join(sorted(WIRES))}.")
    if spec.kind == "demo" and demo_delay_s:
        spec = replace(spec, answer_delay_s=demo_delay_s)
    return WireModel(spec, WIRES[spec.kind](spec, http), on_retry, gate, may_ask, hold)
