"""One real message to an endpoint, and what came back as it came: for the button beside the form of an agent.

It goes the way a run's messages go (the same client, wire and outbound policy), but once, without retries, and within a bounded time.
What is shown never has the token in it, also where the server repeats it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from agents.llm.errors import LLMError
from agents.llm.http import open_session, where
from agents.llm.quoting import storable
from agents.llm.registry import connect
from agents.llm.spec import ModelSpec, RawAnswer
from agents.llm.types import CallContext, CallRecord, ChatMessage
from evalhub.common.masking import Mask
from evalhub.common.outbound_policy import outbound_policy

LONGEST_S = 20.0
BODY_SHOWN = 8_000
HEADER_SHOWN = 300
HEADERS = (
    *("Content-Type", "Content-Length", "Content-Encoding", "Location", "Retry-After", "WWW-Authenticate", "Server", "Date"),
    *("X-Request-Id", "X-RateLimit-Remaining", "Allow"),
)


@dataclass(frozen=True, slots=True)
class EndpointTest:
    """`status` is None where no answer came. `cut` is how many characters of the body are not shown. Either `reply` or `error` is set."""

    seconds: float
    with_token: bool
    asked: str
    status: int | None = None
    headers: Sequence[tuple[str, str]] = ()
    body: str = ""
    cut: int = 0
    reply: str = ""
    error: str = ""
    calls: Sequence[CallRecord] = ()


def endpoint_test(spec: ModelSpec, message: str) -> EndpointTest:
    """Ask now. Takes LONGEST_S at most, less where the agent's own time-out is shorter. Never raises for what the server does."""
    return asyncio.run(_tested(replace(spec, max_attempts=1, timeout_s=min(spec.timeout_s, LONGEST_S)), message))


async def _tested(spec: ModelSpec, message: str) -> EndpointTest:
    answers: list[RawAnswer] = []
    started = time.perf_counter()
    reply, error = "", ""
    calls: tuple[CallRecord, ...] = ()
    try:
        reply, calls = await _asked(replace(spec, on_answer=answers.append), message)
    except LLMError as failure:
        error, calls = failure.message, failure.calls
    except TimeoutError:
        error = f"{where(spec, spec.base_url)} did not come to an end within {LONGEST_S:g} s."
    shown = EndpointTest(
        seconds=time.perf_counter() - started,
        with_token=bool(spec.api_key.strip()),
        asked=where(spec, spec.base_url),
        reply=_hidden(reply, spec),
        error=_hidden(error, spec),
        calls=calls,
    )
    return _with_answer(shown, answers[-1], spec) if answers else shown


async def _asked(spec: ModelSpec, message: str) -> tuple[str, tuple[CallRecord, ...]]:
    context = CallContext(session_id="endpoint-test", user_id="endpoint-test", simulated_at=datetime.now(UTC))
    # The limit of the whole, since a wire that learns what a server takes may ask more than once.
    async with asyncio.timeout(LONGEST_S), open_session(outbound_policy()) as http:
        reply = await connect(spec, http).complete([ChatMessage("user", message)], context=context)
    return reply.text, reply.calls


def _with_answer(shown: EndpointTest, answer: RawAnswer, spec: ModelSpec) -> EndpointTest:
    headers = [(name, _hidden(answer.headers[name], spec)[:HEADER_SHOWN]) for name in HEADERS if name in answer.headers]
    body = _hidden(storable(answer.text), spec)
    return replace(shown, status=answer.status, headers=headers, body=body[:BODY_SHOWN], cut=max(len(body) - BODY_SHOWN, 0))


def _hidden(text: str, spec: ModelSpec) -> str:
    return str(Mask({"the token": spec.api_key}, form="[{}]").apply(text))
