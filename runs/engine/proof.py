"""When this process last saw that its leases are its own. Asked before every request to a model, given by the drain's watch.

A process that was frozen past its leases wakes up with runs that another worker has by now. What it writes is refused, but a request would
be paid for all the same: so whoever is about to ask waits until the database was looked at again.
"""

import asyncio
import time

from django.conf import settings

from runs.engine import stop

PAUSE_SECONDS = 0.2


class Proof:
    """`given` is said with the moment of a look; `wait` returns at once while the last one is younger than a lease."""

    def __init__(self) -> None:
        self._at = time.monotonic()

    def given(self, at: float) -> None:
        """At `at` (seconds, monotonic) every lease that is still driven was ours."""
        self._at = at

    async def wait(self) -> None:
        """Raises Stopping when the worker is to stop, before or meanwhile."""
        stop.raise_when_requested()
        while time.monotonic() - self._at > settings.ENV.lease_seconds:
            await asyncio.sleep(PAUSE_SECONDS)
            stop.raise_when_requested()
