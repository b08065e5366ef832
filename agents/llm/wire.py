"""The seam between asking (retry, schema, records: the same for everybody) and speaking (one file a wire format).

A wire turns one `WireRequest` into one HTTP request and one `WireReply`. `client.py` calls wires; nobody else does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from agents.llm.errors import PermanentError
from agents.llm.types import CallContext, CallRecord, ChatMessage, Usage


class Form(StrEnum):
    """The ways to get JSON out of a model, strongest first."""

    JSON_SCHEMA = "json_schema"
    TOOL_CALL = "tool_call"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Shape:
    """The answer a caller wants, as JSON schema without references."""

    name: str
    json_schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request. With `form` TEXT the schema already stands in the messages and the wire has nothing to add."""

    messages: tuple[ChatMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    context: CallContext | None = None
    form: Form | None = None
    shape: Shape | None = None


# Called before a request is sent, to keep money for it, or to raise SpendingStopped; what it returns is told what became of the request.
Paid = Callable[[CallRecord], None]
Hold = Callable[[WireRequest], Paid]


@dataclass(frozen=True, slots=True)
class WireReply:
    """What came back. In a tool call `text` is the call's arguments. `finish_reason` is OpenAI's vocabulary on every wire."""

    text: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = ""


class Refused(PermanentError):
    """The server read the request and said no (a 4xx). `said` is its raw answer, `sent` the body it refuses."""

    def __init__(self, message: str, *, status: int = 400, said: str = "", sent: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.said = said
        self.sent: Mapping[str, Any] = sent or {}


class Wire(Protocol):
    """One provider's language. `forms` are the ways this format knows to ask for JSON, strongest first."""

    @property
    def forms(self) -> tuple[Form, ...]: ...

    async def ask(self, request: WireRequest) -> WireReply:
        """Send one request, or raise an `LLMError`. No retry in here."""
        ...

    def learn(self, refusal: Refused) -> bool:
        """True when the refusal taught this wire to say the same thing in a way the server may accept."""
        ...
