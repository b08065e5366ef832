"""When the database is away: which errors say so, and how long what is paid for waits in memory. Called by the journal.

Restarted, failing over, locked, its disk full: all of that passes, and an answer that was paid for is worth the wait. Every other error is
the fault of what was written, and waiting would not mend it.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection

from runs.clock import CLOCK
from runs.engine import stop

logger = logging.getLogger(__name__)
T = TypeVar("T")
OUTAGE_SECONDS = 15 * 60.0
# A worker that was asked to stop is killed some seconds later (systemd, its supervisor): by then it must have let go.
STOP_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
# SQLite's primary result codes: busy, locked, no memory, read-only, interrupted, I/O error, full, cannot open, protocol.
SQLITE_CODES = frozenset({5, 6, 7, 8, 9, 10, 13, 14, 15})
# SQLSTATE classes: connection, rolled back (deadlock), out of resources (disk, connections), locked, shut down, system error.
# 25006 is what a primary answers that has become a standby.
POSTGRES_CLASSES = ("08", "40", "53", "55", "57", "58", "25006")


def is_outage(error: BaseException) -> bool:
    """Whether the same statement may work on a new connection a moment later."""
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None) if isinstance(cause, sqlite3.Error) else None
    if code is not None:
        return code & 0xFF in SQLITE_CODES
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        return cause.sqlstate.startswith(POSTGRES_CLASSES)
    return isinstance(error, OperationalError | InterfaceError)


def let_go() -> None:
    """After an outage: what comes next gets a new connection. Heartbeats of all workers may be missing."""
    connection.close()
    CLOCK.doubt()


@dataclass(slots=True)
class Patience:
    """How long the writer of one process waits for the database; from the moment a stop is asked for, only `stop_seconds` more."""

    seconds: float = OUTAGE_SECONDS
    stop_seconds: float = STOP_SECONDS
    _stop_seen: float | None = None

    def insist(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, tried on a new connection after every outage. Raises the last outage's error, and any other at once."""
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                return attempt()
            except Exception as error:
                if not is_outage(error):
                    raise
                let_go()
                if self._is_over(began):
                    raise
                logger.warning("The database does not take a commit (%s); trying again in %.1f s", str(error).strip(), pause)
            self._sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _is_over(self, began: float) -> bool:
        now = time.monotonic()
        if self._stop_seen is None and stop.requested():
            self._stop_seen = now
        return now - began >= self.seconds or (self._stop_seen is not None and now - self._stop_seen >= self.stop_seconds)

    def _sleep(self, pause: float) -> None:
        time.sleep(min(pause, self.stop_seconds / 5) if self._stop_seen is not None else pause)
