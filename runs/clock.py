"""The time that leases are counted in, and whether a lease that looks silent is. For leases, the sweep and runs.services.

On PostgreSQL it is the server's clock: those of the machines may differ. On SQLite there is one machine, and its clock. Either can jump, by
an hour when somebody corrects it, so each process holds it against its own monotonic clock. And while the database is away nobody can renew
a lease. After a jump or an outage a worker takes no run for silent for one lease: until then every living one has renewed its leases.
The doubt is in memory shared by fork: what one process of a worker saw, all of them know.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.sharedctypes import RawValue
from typing import Any

from django.conf import settings
from django.db import connection

JUMP_SECONDS = 3.0
BELIEVED = float("-inf")


def database_time() -> datetime:
    """The time now, by the clock that all workers of this database share."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


class Clock:
    """Reads the shared time and notices when it jumped."""

    def __init__(self, read: Callable[[], datetime] = database_time, steady: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._steady = steady
        self._last: tuple[datetime, float] | None = None
        self._doubted_until: Any = RawValue("d", BELIEVED)

    def now(self) -> datetime:
        at, steady = self._read(), self._steady()
        if self._last is not None:
            passed, felt = (at - self._last[0]).total_seconds(), steady - self._last[1]
            if abs(passed - felt) > JUMP_SECONDS:
                self.doubt()
        self._last = at, steady
        return at

    def doubt(self) -> None:
        """Say that living workers may have been kept from renewing their leases until now."""
        self._doubted_until.value = self._steady() + settings.ENV.lease_seconds

    def reset(self) -> None:
        """Believe it again: for tests."""
        self._doubted_until.value = BELIEVED

    @property
    def believed(self) -> bool:
        """Whether a lease that looks silent by the last `now()` is."""
        return bool(self._steady() >= self._doubted_until.value)


CLOCK = Clock()
