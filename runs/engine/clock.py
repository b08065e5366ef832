"""The time that leases are counted in, and whether it can be believed just now. For lease and sweep.

On PostgreSQL it is the server's clock: those of the machines may differ. On SQLite there is one machine, and its clock. Either can jump, by
an hour when somebody corrects it, so each process holds it against its own monotonic clock. After a jump it takes no run for silent for
one lease: until then every living worker has renewed its leases by the new time. A fork inherits what its parent knew, so that it too sees
a jump since.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection

JUMP_SECONDS = 3.0


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
        self._doubted_until = float("-inf")

    def now(self) -> datetime:
        at, steady = self._read(), self._steady()
        if self._last is not None:
            passed, felt = (at - self._last[0]).total_seconds(), steady - self._last[1]
            if abs(passed - felt) > JUMP_SECONDS:
                self._doubted_until = steady + settings.ENV.lease_seconds
        self._last = at, steady
        return at

    @property
    def believed(self) -> bool:
        """Whether a lease that looks silent by the last `now()` is."""
        return self._steady() >= self._doubted_until


CLOCK = Clock()
