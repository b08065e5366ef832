"""When to ask again: exponential back-off with full jitter (the AWS Architecture Blog's formula), or the time the server asked for.

Faults are counted, refusals (429) are waited out: a closed account says nothing about the request, and opens by itself. Called by
`client.py` around one request. Cancellation is not an error of the model and passes straight through.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from agents.llm.errors import RateLimited, RetryableError
from agents.llm.spec import ModelSpec, OnRetry, RetryNotice

MAX_SERVER_WAIT_S = 60.0
SPREAD_S = 0.25  # a server that tells everybody "2 s" must not be met by everybody at second 2

Result = TypeVar("Result")


async def with_retries(call: Callable[[], Awaitable[Result]], spec: ModelSpec, on_retry: OnRetry | None = None) -> Result:
    """The first result of `call`, or its last error. Only `RetryableError` is asked again, as long as `Tries` allows."""
    try:
        return await call()
    except RetryableError as error:
        return await _again(call, error, spec, on_retry)


class Tries:
    """What became of one request so far. It is over after `max_attempts` faults, or when so many refusals took `patience_s` too."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._faults = self._refusals = 0
        self._refused_since = 0.0
        self.wait_s = 0.0
        self.is_over = False

    def note(self, error: RetryableError) -> None:
        most = self._spec.max_attempts
        if isinstance(error, RateLimited):
            self._refusals += 1
            self._refused_since = self._refused_since or time.monotonic()
            waited = time.monotonic() - self._refused_since
            # Both: a long wait for a place between two refusals that have nothing to do with each other is no closed account.
            self.is_over = most == 1 or (self._refusals >= most and waited >= self._spec.patience_s)
            self.wait_s = wait_s(self._spec, self._refusals, error)
        else:
            self._faults += 1
            self.is_over = self._faults >= most
            self.wait_s = wait_s(self._spec, self._faults, error)
        self.is_over = self.is_over or error.is_last


async def _again(call: Callable[[], Awaitable[Result]], error: RetryableError, spec: ModelSpec, on_retry: OnRetry | None) -> Result:
    """Go on after a first failure. Only now is tenacity built: it takes 30 µs, as much as all the rest of a call in here."""
    failed = [error]
    tries = Tries(spec)

    async def attempt() -> Result:
        try:
            if failed:
                raise failed.pop()
            return await call()
        except RetryableError as failure:
            tries.note(failure)
            raise

    retrying = AsyncRetrying(
        sleep=asyncio.sleep,
        retry=retry_if_exception_type(RetryableError),
        stop=lambda state: tries.is_over,
        wait=lambda state: tries.wait_s,
        before_sleep=_announcer(spec, on_retry),
        reraise=True,
    )
    return await retrying(attempt)


def wait_s(spec: ModelSpec, number: int, error: BaseException | None) -> float:
    """Seconds to wait after the fault or the refusal of this number (from 1)."""
    asked = error.retry_after if isinstance(error, RetryableError) else None
    if asked is not None:
        return min(asked, MAX_SERVER_WAIT_S) + random.uniform(0, SPREAD_S)  # noqa: S311  # jitter, not a secret
    ceiling = min(spec.retry_cap_s, spec.retry_base_s * 2 ** min(number - 1, 30))
    return random.uniform(0, ceiling)  # noqa: S311  # jitter, not a secret


def _announcer(spec: ModelSpec, on_retry: OnRetry | None) -> Callable[[RetryCallState], Awaitable[None]]:
    async def announce(state: RetryCallState) -> None:
        if on_retry is None:
            return
        planned = state.next_action.sleep if state.next_action else 0.0
        failure = state.outcome.exception() if state.outcome else None
        await on_retry(RetryNotice(spec.name, state.attempt_number, spec.max_attempts, float(planned), str(failure)))

    return announce
