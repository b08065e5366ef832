"""A ChatModel that says what a test wrote down, and a recorder that keeps what it was given: plain objects of our own protocols."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from agents.llm.errors import LLMError
from agents.llm.types import CallContext, CallRecord, ChatMessage, OnCalls, Reply, Usage
from runs.engine.transcript import Entry

Answer = str | LLMError | dict[str, Any] | Callable[[Sequence[ChatMessage]], str]


class Scripted:
    """Says its answers one after the other; the last one for ever. A dict answers a schema, an LLMError is raised."""

    def __init__(self, *answers: Answer, name: str = "test/scripted", is_demo: bool = False) -> None:
        self.name = name
        self.is_demo = is_demo
        self.asked: list[list[ChatMessage]] = []
        self.contexts: list[CallContext | None] = []
        self.seeds: list[int | None] = []
        self._answers = list(answers) or ["yes"]

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
        self.asked.append(list(messages))
        self.contexts.append(context)
        self.seeds.append(seed)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, LLMError):
            raise answer
        call = CallRecord(self.name, 1, 5, Usage(10, 5), Decimal("0.001"))
        if isinstance(answer, dict):
            assert schema is not None
            return Reply("", self.name, parsed=schema.model_validate(answer), calls=(call,))
        return Reply(answer(messages) if callable(answer) else answer, self.name, calls=(call,))


class Kept:
    """A Recorder that keeps entries, and can fall over at a given commit as a killed worker does."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.entries: list[Entry] = []
        self._dies_at = dies_at

    async def write(self, entry: Entry) -> None:
        self.later(entry)

    def later(self, entry: Entry, within: float = 0.0) -> None:
        if self._dies_at is not None and len(self.entries) >= self._dies_at:
            raise Died
        self.entries.append(entry)

    def with_next(self, entry: Entry) -> None:
        self.later(entry)

    @property
    def types(self) -> list[str]:
        return [event.type for entry in self.entries for event in entry.events]


class Died(BaseException):
    """The worker is gone: nothing may catch it."""
