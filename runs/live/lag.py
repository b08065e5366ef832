"""How long events take from their making to their hand-over to an open page or stream, in this process.

The tail's thread notes; metrics and the operations page read `standing`.
"""

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # upper ends of the buckets in seconds; one more is open
RECENT = 1000
RECENT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Since the process began: `buckets` counts the events up to each of BOUNDS, and at last all of them.

    `p50` and `p99` are of the events of the last five minutes, None when there were none.
    """

    buckets: Sequence[int]
    total_seconds: float
    p50: float | None
    p99: float | None

    @property
    def count(self) -> int:
        return self.buckets[-1]


class Lag:
    """A histogram, and the newest values by themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT)

    def note(self, seconds: float) -> None:
        # The clocks of two machines may differ, and no event arrives before it was made.
        seconds = max(seconds, 0.0)
        with self._lock:
            self._counts[bisect_left(BOUNDS, seconds)] += 1
            self._total += seconds
            self._recent.append((time.monotonic(), seconds))

    def standing(self) -> Standing:
        since = time.monotonic() - RECENT_SECONDS
        with self._lock:
            buckets, total = list(accumulate(self._counts)), self._total
            recent = sorted(seconds for noted, seconds in self._recent if noted >= since)
        return Standing(buckets, total, _at(recent, 50), _at(recent, 99))


def _at(values: Sequence[float], percent: int) -> float | None:
    """The value below which so many per cent of the sorted values are."""
    return values[min(len(values) * percent // 100, len(values) - 1)] if values else None
