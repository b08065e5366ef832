"""What every model speaks: messages in, a reply out, and one record for each request that was paid for.

Leaf of the model layer: plain dataclasses, no HTTP, no Django. Anything in EvalHub may import it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from pydantic import BaseModel

Role = Literal["system", "user", "assistant", "tool"]
CANCELLED = "Cancelled before it answered."


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


NOTHING_COUNTED = Usage()


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One request that left the house, whether it worked or not: the row a cost is summed from.

    `price_usd` is None when no price is known ("unpriced", never zero). `attempt` counts the tries of one request from 1; a repair, or the
    same with a parameter less, is another request.
    """

    model: str
    attempt: int
    latency_ms: int
    usage: Usage = field(default_factory=Usage)
    price_usd: Decimal | None = None
    finish_reason: str = ""
    error: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the server is to blame; not for what nobody waited for."""
        return bool(self.error) and self.error != CANCELLED

    @property
    def is_unpriced(self) -> bool:
        """Whether something was bought whose price is not known. An error costs nothing unless the server counted tokens for it."""
        return self.price_usd is None and (not self.error or self.usage != NOTHING_COUNTED)


OnCalls = Callable[[Sequence[CallRecord]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CallContext:
    """What an endpoint agent is told beside the messages, and what a demo model may use to stay deterministic."""

    session_id: str = ""
    user_id: str = ""
    simulated_at: datetime | None = None
    turn_index: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer. `parsed` is set exactly when a schema was asked for. `calls` has the requests not given to `on_calls`."""

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
        on_calls: OnCalls | None = None,
    ) -> Reply:
        """Answer, or raise an `LLMError`; both carry the calls that `on_calls` was not given.

        `on_calls` is awaited with what was sent so far before another request follows, and when the caller is cancelled.
        """
        ...
