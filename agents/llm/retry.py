"""When to ask again: exponential back-off with full jitter (the AWS Architecture Blog's formula), or the time the server asked for.

Called by `client.py` around one request. Cancellation is not an error of the model and passes straight through.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from agents.llm.errors import RetryableError
from agents.llm.spec import ModelSpec, OnRetry, RetryNotice

MAX_SERVER_WAIT_S = 60.0
SPREAD_S = 0.25  # a server that tells everybody "2 s" must not be met by everybody at second 2

Result = TypeVar("Result")


async def with_retries(call: Callable[[], Awaitable[Result]], spec: ModelSpec, on_retry: OnRetry | None = None) -> Result:
    """The first result of `call`, or its last error. Only `RetryableError` is asked again, `spec.max_attempts` times in all."""
    try:
        return await call()
    except RetryableError as error:
        return await _again(call, error, spec, on_retry)


async def _again(call: Callable[[], Awaitable[Result]], error: RetryableError, spec: ModelSpec, on_retry: OnRetry | None) -> Result:
    """Go on after a first failure. Only now is tenacity built: it takes 30 µs, as much as all the rest of a call in here."""
    failed = [error]

    async def attempt() -> Result:
        if failed:
            raise failed.pop()
        return await call()

    retrying = AsyncRetrying(
        sleep=asyncio.sleep,
        retry=retry_if_exception_type(RetryableError),
        stop=lambda state: state.attempt_number >= spec.max_attempts or _is_last(state),
        wait=lambda state: wait_s(spec, state.attempt_number, _failure(state)),
        before_sleep=_announcer(spec, on_retry),
        reraise=True,
    )
    return await retrying(attempt)


def wait_s(spec: ModelSpec, attempt: int, error: BaseException | None) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1)."""
    asked = error.retry_after if isinstance(error, RetryableError) else None
    if asked is not None:
        return min(asked, MAX_SERVER_WAIT_S) + random.uniform(0, SPREAD_S)  # noqa: S311  # jitter, not a secret
    ceiling = min(spec.retry_cap_s, spec.retry_base_s * 2 ** min(attempt - 1, 30))
    return random.uniform(0, ceiling)  # noqa: S311  # jitter, not a secret


def _is_last(state: RetryCallState) -> bool:
    error = _failure(state)
    return isinstance(error, RetryableError) and error.is_last


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _announcer(spec: ModelSpec, on_retry: OnRetry | None) -> Callable[[RetryCallState], Awaitable[None]]:
    async def announce(state: RetryCallState) -> None:
        if on_retry is None:
            return
        planned = state.next_action.sleep if state.next_action else 0.0
        await on_retry(RetryNotice(spec.name, state.attempt_number, spec.max_attempts, float(planned), str(_failure(state))))

    return announce
