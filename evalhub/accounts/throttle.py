"""How often one key or person may ask. Counted in the memory of each web process, so two processes let through twice as much.

Fixed windows: constant memory a sender, and X-RateLimit-Reset is the moment from which the whole limit is there again.
"""

import math
import time
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from evalhub.common.problems import Problem

_counts = FixedWindowRateLimiter(MemoryStorage())


@dataclass(frozen=True, slots=True)
class Count:
    """Where a sender stands with one limit, after the request at hand. `reset` is in unix seconds."""

    limit: RateLimitItem
    what: str
    admitted: bool
    remaining: int
    reset: float

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit.amount),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.reset)),
        }

    def refusal(self) -> Problem:
        seconds = max(1, math.ceil(self.reset - time.time()))
        window = f"{self.limit.multiples} {self.limit.GRANULARITY.name}s" if self.limit.multiples > 1 else self.limit.GRANULARITY.name
        detail = f"Too many {self.what}: one key or person may send {self.limit.amount:,} per {window}. Try again in {seconds} s."
        return Problem(429, detail, headers={**self.headers(), "Retry-After": str(seconds)})


def request_count(identity: str, *, starts_run: bool) -> dict[str, str]:
    """Count a request; the rate headers of its answer, those of the limit that is nearest. Raises a 429 Problem that has them too."""
    counts = [_counted(settings.API_RATE_LIMIT, "requests", identity)]
    if starts_run:
        counts.append(_counted(settings.API_RUN_RATE_LIMIT, "requests that start runs", identity))
    known = [count for count in counts if count]
    if not known:
        return {}
    tightest = min(known, key=lambda count: (count.admitted, count.remaining, -count.reset))
    if not tightest.admitted:
        raise tightest.refusal()
    return tightest.headers()


def act_count(limit: str, what: str, identity: str) -> None:
    """Count one of the things that a page does for a person and that cost something elsewhere. Raises a 429 Problem."""
    count = _counted(limit, what, identity)
    if count and not count.admitted:
        raise count.refusal()


def _counted(text: str, what: str, identity: str) -> Count | None:
    """None where the setting is 0: no limit."""
    limit = _limit(text)
    if limit is None:
        return None
    if _counts.get_window_stats(limit, what, identity).reset_time - time.time() > limit.get_expiry():
        _counts.clear(limit, what, identity)  # the clock was set back, and the window would end that much too late
    admitted = _counts.hit(limit, what, identity)
    stats = _counts.get_window_stats(limit, what, identity)
    return Count(limit=limit, what=what, admitted=admitted, remaining=stats.remaining, reset=stats.reset_time)


@cache
def _limit(text: str) -> RateLimitItem | None:
    return None if text == "0" else parse(text)
