"""How fast a worker process asks models, for its row on the operations page. Called by the drain with every heartbeat."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """How many model calls a second. `ended` is the sum of runs that are over."""

    ended: int = 0
    counted: int = 0
    since: float = field(default_factory=time.monotonic)

    def rate(self, driven: Iterable[int]) -> float:
        """Calls a second since this was asked last. `driven` has the calls of each run that is still in work."""
        total, now = self.ended + sum(driven), time.monotonic()
        made, seconds = total - self.counted, now - self.since
        self.counted, self.since = total, now
        return round(made / seconds, 2) if seconds > 0 else 0.0
