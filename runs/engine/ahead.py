"""Runs that are claimed and loaded before there is a place for them: a place must not stand empty while the database is asked for the next.

Only as many as will have ended before a claim could answer, so that no worker holds what another could begin with: none at all where fewer
than ten end in a second, as conversations do. What finds no place all the same goes back soon.
"""

import time
import uuid
from collections import deque
from dataclasses import dataclass, field

from runs.engine.execute import Execution
from runs.engine.lease import Lease

WINDOW_SECONDS = 1.0
CLAIM_SECONDS = 0.1  # that a claim takes at most, on a busy machine


@dataclass(slots=True)
class Ahead:
    """What waits for a place, the first claimed first, and how many places became free of late. `wanted` may be asked from any thread."""

    waiting: deque[tuple[float, Execution]] = field(default_factory=deque)
    _since: float = 0.0
    _before: int = 0  # places that became free in the second before `_since`
    _counted: int = 0

    def add(self, execution: Execution) -> None:
        self.waiting.append((time.monotonic(), execution))

    def next(self) -> Execution:
        return self.waiting.popleft()[1]

    def freed(self) -> None:
        """A place will be free at once."""
        now = time.monotonic()
        if now - self._since >= WINDOW_SECONDS:
            self._before = self._counted if now - self._since < 2 * WINDOW_SECONDS else 0
            self._since, self._counted = now, 0
        self._counted += 1

    def wanted(self) -> int:
        """How many should wait."""
        if time.monotonic() - self._since >= WINDOW_SECONDS:
            return 0
        return int(max(self._before, self._counted) * CLAIM_SECONDS / WINDOW_SECONDS)

    def leases(self) -> list[Lease]:
        return [execution.lease for _, execution in list(self.waiting)]

    def taken(self, run_id: uuid.UUID) -> Execution | None:
        """That run's execution, which waits no more; None if it does not wait."""
        for entry in self.waiting:
            if entry[1].lease.run_id == run_id:
                self.waiting.remove(entry)
                return entry[1]
        return None

    def unused(self, seconds: float) -> list[Lease]:
        """Those that have waited for so long. They wait no more."""
        since, unused = time.monotonic() - seconds, []
        while self.waiting and self.waiting[0][0] <= since:
            unused.append(self.next().lease)
        return unused
