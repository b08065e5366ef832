"""The one `ChatModel` there is: a wire, asked with retries, in a schema if wanted, with a record of every request.

Built by `registry.connect`. Safe to share between any number of coroutines of one event loop.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from pydantic import BaseModel

from agents.llm.errors import LLMError, RetryableError
from agents.llm.gate import Gate, through
from agents.llm.prices import price_of
from agents.llm.quoting import storable
from agents.llm.retry import with_retries
from agents.llm.spec import ModelSpec, OnRetry, RetryNotice
from agents.llm.structured import Forms, answer_in_schema
from agents.llm.types import CallContext, CallRecord, ChatMessage, Reply
from agents.llm.wire import Refused, Wire, WireReply, WireRequest

MAX_EMPTY = 4  # an empty answer was paid for, so it is asked for again less often than one that never came
NO_ANSWER = WireReply("")
MAX_LESSONS = 4  # there are three parameters a wire can learn to leave out


class WireModel:
    """A model behind a wire. See `types.ChatModel`."""

    def __init__(self, spec: ModelSpec, wire: Wire, on_retry: OnRetry | None = None, gate: Gate | None = None) -> None:
        self.name = spec.name
        self.is_demo = spec.kind == "demo"
        self._spec = spec
        self._wire = wire
        self._on_retry = on_retry
        self._gate = gate
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
    ) -> Reply:
        request = WireRequest(tuple(messages), temperature, max_tokens, seed, context)
        exchange = Exchange(self._spec, self._wire, self._on_retry, self._gate)
        parsed: BaseModel | None = None
        try:
            if schema is None:
                answer = await exchange.ask(request)
            else:
                answer, parsed = await answer_in_schema(exchange.ask, request, schema, self._forms)
        except LLMError as error:
            error.calls = tuple(exchange.calls)
            raise
        return exchange.reply(answer, parsed)


class Exchange:
    """Everything one `complete` sends, so that a failure still knows what was paid for."""

    def __init__(self, spec: ModelSpec, wire: Wire, on_retry: OnRetry | None, gate: Gate | None = None) -> None:
        self.calls: list[CallRecord] = []
        self._empty = 0
        self._spec = spec
        self._wire = wire
        self._on_retry = on_retry
        self._gate = gate
        self._said_waiting = False

    async def ask(self, request: WireRequest) -> WireReply:
        """One answer, however many requests it takes: retries, and a word less where the server refuses one."""
        once = partial(self._once, request)
        if self._gate:
            once = partial(through, self._gate, once, self._say_waiting)
        for _ in range(MAX_LESSONS):
            try:
                return await with_retries(once, self._spec, self._on_retry)
            except Refused as refusal:
                if not self._wire.learn(refusal):
                    raise
        return await with_retries(once, self._spec, self._on_retry)

    async def _say_waiting(self) -> None:
        """Once an exchange: a page shows the last word about a run until something else happens to it."""
        if self._on_retry is None or self._said_waiting:
            return
        self._said_waiting = True
        words = f"{self._spec.provider} takes no more requests for now; {self._spec.name} waits for a free place."
        await self._on_retry(RetryNotice(self._spec.name, len(self.calls), self._spec.max_attempts, 0.0, words))

    def reply(self, answer: WireReply, parsed: BaseModel | None) -> Reply:
        return Reply(
            text=answer.text,
            model=self._spec.name,
            parsed=parsed,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
            latency_ms=self.calls[-1].latency_ms,
            calls=tuple(self.calls),
        )

    async def _once(self, request: WireRequest) -> WireReply:
        started = time.perf_counter()
        try:
            answer = await self._wire.ask(request)
        except LLMError as error:
            self._record(started, error=error.message)
            raise
        clean = storable(answer.text)
        if clean != answer.text:
            answer = replace(answer, text=clean)
        if not clean or clean.isspace():
            problem = _empty_answer(self._spec, answer)
            self._record(started, answer, error=problem)
            self._empty += 1
            raise RetryableError(problem, is_last=self._empty >= MAX_EMPTY)
        self._record(started, answer)
        return answer

    def _record(self, started: float, answer: WireReply | None = None, error: str = "") -> None:
        spec, answered = self._spec, answer or NO_ANSWER
        self.calls.append(
            CallRecord(
                model=spec.name,
                attempt=len(self.calls) + 1,
                latency_ms=round((time.perf_counter() - started) * 1000),
                usage=answered.usage,
                price_usd=price_of(spec.provider, spec.model, answered.usage, kind=spec.kind, base_url=spec.base_url),
                finish_reason=answered.finish_reason,
                error=error,
            )
        )


def _empty_answer(spec: ModelSpec, answer: WireReply) -> str:
    if answer.finish_reason == "length":
        return f"{spec.name} used up max_tokens before it wrote a visible word."
    return f"{spec.name} answered with no text."
