"""What every model speaks: messages in, a reply out, and one record for each request that was paid for.

Leaf of the model layer: plain dataclasses, no HTTP, no Django. Anything in EvalHub may import it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from pydantic import BaseModel

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as the model sees it. `tool_calls` keeps OpenAI's shape: [{id, type, function: {name, arguments}}]."""

    role: Role
    content: str
    name: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, as the server counted them. None where the server did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request that left the house, whether it worked or not: the row a cost is summed from.

    `price_usd` is None when no price is known ("unpriced", never zero). `attempt` counts from 1 within one `complete`.
    """

    model: str
    attempt: int
    latency_ms: int
    usage: Usage = field(default_factory=Usage)
    price_usd: Decimal | None = None
    finish_reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class CallContext:
    """What an endpoint agent is told beside the messages, and what a demo model may use to stay deterministic."""

    session_id: str = ""
    user_id: str = ""
    simulated_at: datetime | None = None
    turn_index: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer. `parsed` is set exactly when a schema was asked for. `calls` has every request it took."""

    text: str
    model: str
    parsed: BaseModel | None = None
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = ""
    latency_ms: int = 0
    calls: tuple[CallRecord, ...] = ()


class ChatModel(Protocol):
    """A model, an endpoint or a demo, ready to be asked.

    `name` is `provider/model` as it is stored and shown; `is_demo` marks answers that must be labelled.
    """

    name: str
    is_demo: bool

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        schema: type[BaseModel] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        context: CallContext | None = None,
    ) -> Reply:
        """Answer, or raise an `LLMError` that carries the calls already made."""
        ...
