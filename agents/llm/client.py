"""The one `ChatModel` there is: a wire, asked with retries, in a schema if wanted, with a record of every request.

Built by `registry.connect`. Safe to share between any number of coroutines of one event loop.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pydantic import BaseModel

from agents.llm.errors import LLMError, RetryableError
from agents.llm.gate import Gate, through
from agents.llm.hiding import hidden_in_reply
from agents.llm.prices import price_at
from agents.llm.quoting import storable
from agents.llm.retry import with_retries
from agents.llm.spec import MayAsk, ModelSpec, OnRetry, RetryNotice
from agents.llm.structured import Forms, answer_in_schema
from agents.llm.types import CANCELLED, CallContext, CallRecord, ChatMessage, OnCalls, Reply
from agents.llm.wire import Hold, Paid, Refused, Wire, WireReply, WireRequest

MAX_EMPTY = 4  # an empty answer was paid for, so it is asked for again less often than one that never came
NO_ANSWER = WireReply("")
MAX_LESSONS = 4  # there are three parameters a wire can learn to leave out


class WireModel:
    """A model behind a wire. See `types.ChatModel`."""

    def __init__(
        self,
        spec: ModelSpec,
        wire: Wire,
        on_retry: OnRetry | None = None,
        gate: Gate | None = None,
        may_ask: MayAsk | None = None,
        hold: Hold | None = None,
    ) -> None:
        self.name = spec.name
        self.is_demo = spec.kind == "demo"
        self._exchange = partial(Exchange, spec, wire, on_retry, gate, may_ask, hold)
        self._forms = Forms(wire.forms)

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
        request = WireRequest(tuple(messages), temperature, max_tokens, seed, context)
        exchange = self._exchange(on_calls=on_calls)
        parsed: BaseModel | None = None
        try:
            if schema is None:
                answer = await exchange.ask(request)
            else:
                answer, parsed = await answer_in_schema(exchange.ask, request, schema, self._forms)
        except LLMError as error:
            error.calls = tuple(exchange.calls)
            raise
        except (Exception, asyncio.CancelledError):
            # Told to stop, or cancelled: that goes on whatever becomes of the records, and a failed commit is in the journal's log.
            with contextlib.suppress(Exception):
                await exchange.hand_over()
            raise
        return exchange.reply(answer, parsed)


@dataclass(slots=True)
class Exchange:
    """Everything one `complete` sends. `calls` are the records that `on_calls` was not given yet."""

    spec: ModelSpec
    wire: Wire
    on_retry: OnRetry | None = None
    gate: Gate | None = None
    may_ask: MayAsk | None = None
    hold: Hold | None = None
    on_calls: OnCalls | None = None
    calls: list[CallRecord] = field(default_factory=list)
    _latency_ms: int = 0
    _attempt: int = 0
    _empty: int = 0
    _said_waiting: bool = False

    async def ask(self, request: WireRequest) -> WireReply:
        """One answer, however many requests it takes: retries, and a word less where the server refuses one."""
        for _ in range(MAX_LESSONS):
            try:
                return await self._insist(request)
            except Refused as refusal:
                if not self.wire.learn(refusal):
                    raise
        return await self._insist(request)

    async def hand_over(self) -> None:
        """Give away the records so far. They are given before it is awaited: who is cancelled in here must not give them again."""
        if self.calls and self.on_calls:
            calls, self.calls = tuple(self.calls), []
            await self.on_calls(calls)

    def reply(self, answer: WireReply, parsed: BaseModel | None) -> Reply:
        return Reply(
            text=answer.text,
            model=self.spec.name,
            parsed=parsed,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
            latency_ms=self._latency_ms,
            calls=tuple(self.calls),
        )

    async def _insist(self, request: WireRequest) -> WireReply:
        self._attempt = 0
        return await with_retries(partial(self._try, request), self.spec, self._say_retry)

    async def _try(self, request: WireRequest) -> WireReply:
        """One request. Whatever was sent before it is written down first: a killed worker loses the record of one request, not of all."""
        await self.hand_over()
        await self._check()
        if self.gate is None:
            return await self._once(request)
        return await through(self.gate, partial(self._once, request), self._say_waiting)

    async def _check(self) -> None:
        if self.may_ask:
            await self.may_ask()

    async def _say_retry(self, notice: RetryNotice) -> None:
        """Before a wait, which may be long: what was paid for is written, and who may not ask again need not wait."""
        await self.hand_over()
        await self._check()
        if self.on_retry:
            await self.on_retry(notice)

    async def _say_waiting(self) -> None:
        """Once an exchange: a page shows the last word about a run until something else happens to it."""
        if self.on_retry is None or self._said_waiting:
            return
        self._said_waiting = True
        words = f"{self.spec.provider} takes no more requests for now; {self.spec.name} waits for a free place."
        await self.on_retry(RetryNotice(self.spec.name, self._attempt, self.spec.max_attempts, 0.0, words))

    async def _once(self, request: WireRequest) -> WireReply:
        await self._check()  # again: a place at the gate may have taken minutes
        paid = self.hold(request) if self.hold else None
        started = time.perf_counter()
        try:
            answer = _clean(await self.wire.ask(request), self.spec)
        except LLMError as error:
            self._record(started, WireReply("", error.usage), paid, error=error.message)
            raise
        except asyncio.CancelledError:
            self._record(started, NO_ANSWER, paid, error=CANCELLED)
            raise
        if not answer.text or answer.text.isspace():
            problem = _empty_answer(self.spec, answer)
            self._record(started, answer, paid, error=problem)
            self._empty += 1
            raise RetryableError(problem, is_last=self._empty >= MAX_EMPTY)
        self._record(started, answer, paid)
        return answer

    def _record(self, started: float, answered: WireReply, paid: Paid | None, error: str = "") -> None:
        spec = self.spec
        self._attempt += 1
        self._latency_ms = round((time.perf_counter() - started) * 1000)
        record = CallRecord(
            model=spec.name,
            attempt=self._attempt,
            latency_ms=self._latency_ms,
            usage=answered.usage,
            price_usd=price_at(spec, answered.usage),
            finish_reason=answered.finish_reason,
            error=error,
        )
        self.calls.append(record)
        if paid:
            paid(record)


def _clean(answer: WireReply, spec: ModelSpec) -> WireReply:
    """The answer without what no database takes, and without the key."""
    text, reason = hidden_in_reply(spec, storable(answer.text)), hidden_in_reply(spec, storable(answer.finish_reason))
    same = text == answer.text and reason == answer.finish_reason
    return answer if same else replace(answer, text=text, finish_reason=reason)


def _empty_answer(spec: ModelSpec, answer: WireReply) -> str:
    if answer.finish_reason == "length":
        return f"{spec.name} used up max_tokens before it wrote a visible word."
    return f"{spec.name} answered with no text."
