"""One tail a web process: sees that runs have new events and hands them to the open sockets (decision 8).

On SQLite it polls PRAGMA data_version, on PostgreSQL it LISTENs; either way it then reads the new events of the watched runs once,
however many pages watch them. It rests while nobody watches. Used by the event stream and the WebSocket consumer.
"""

import asyncio
import contextlib
import itertools
import logging
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from evalhub.accounts.selectors import Right, rights_held
from runs.events import log
from runs.live.lag import Lag
from runs.live.watch import ROOM, Told, Watch, settle, wake
from runs.models import EvalRun, RunEvent
from runs.states import FINAL

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.025
# PostgreSQL's answer to a lost notification (a reconnect), and SQLite's to a data_version that did not move.
SAFETY_SECONDS = 2.0
SETTLE_SECONDS = 0.25
CHECK_SECONDS = 60.0  # how long an open socket outlives the right to it
BATCH = ROOM
HEADS = 500


class Tail:
    """The watchers of a process and the thread that serves them. The thread starts with the first watcher."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._checked_at = 0.0
        self._parcels = itertools.count()
        self.lag = Lag()

    @contextlib.asynccontextmanager
    async def watch(self, run_id: uuid.UUID, next_seq: int, right: Right | None = None) -> AsyncIterator[Watch]:
        """Events of a run from `next_seq` on come out of `watch.batch()`, in order, none missing and none twice, while `right` is held."""
        watch = Watch(run_id, next_seq, self._wanted.set, right)
        with self._lock:
            self._watches.add(watch)
            self._start()
        self._wanted.set()
        try:
            yield watch
        finally:
            with self._lock:
                self._watches.discard(watch)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._follow, name="evalhub-tail", daemon=True)
            self._thread.start()

    def _follow(self) -> None:
        while True:
            self._wanted.wait()
            try:
                with changes() as wait:
                    while self._serve():
                        # What is written in this pause is one pass: on a busy database every commit would be one.
                        self._wanted.wait(POLL_SECONDS)
                        # A loop that is behind is not given more by the event, but soon a few events at once.
                        settle(self._loops(), SETTLE_SECONDS)
                        wait(self._wanted)
            except Exception:
                # A lost connection, mostly. The thread serves every open page, so it must outlive whatever this is.
                logger.warning("The tail stumbled; it tries again on a new connection", exc_info=True)
                self._wanted.set()
                time.sleep(1)
            finally:
                connection.close()

    def _loops(self) -> set[asyncio.AbstractEventLoop]:
        with self._lock:
            return {watch.loop for watch in self._watches}

    def _serve(self) -> bool:
        """Hand out what is new, and tell whose run is over. False when nobody watches: the tail rests until somebody does."""
        with self._lock:
            self._wanted.clear()
            watches = list(self._watches)
        if not watches:
            return False
        if time.monotonic() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = time.monotonic()
            wake(_refused(watches))
        waiting: dict[uuid.UUID, list[Watch]] = {}
        for watch in watches:
            if watch.has_room():
                waiting.setdefault(watch.run_id, []).append(watch)
            else:
                watch.caught_up = False
        heads = _heads(waiting)
        for run_id, of_run in waiting.items():
            wake(self._handed_out(run_id, of_run, heads.get(run_id)))
        return True

    def _handed_out(self, run_id: uuid.UUID, watches: list[Watch], head: tuple[int, bool] | None) -> list[Watch]:
        """Those that were given something. `head` is the run's next event number and whether it is final; None when it was deleted."""
        next_seq, final = head or (0, True)
        lowest = min(watch.next_seq for watch in watches)
        rows = log.rows_after(run_id, lowest - 1, BATCH) if lowest < next_seq else []
        if len(rows) == BATCH:
            self._wanted.set()  # more is waiting
        self._note_lag(rows, watches)
        parcel = next(self._parcels)
        events = [Told(log.as_json(row), parcel) for row in rows]
        given = [watch for watch in watches if events and watch.give(events)]
        for watch in watches:
            watch.caught_up = watch.next_seq >= next_seq
        over = [watch for watch in watches if final and watch.next_seq >= next_seq]
        for watch in over:
            watch.end()
        return given + over

    def _note_lag(self, rows: Sequence[RunEvent], watches: Iterable[Watch]) -> None:
        """Of the events that somebody waited for; a replay, or what a slow client left in the log, would tell of its reader."""
        newest = min((watch.next_seq for watch in watches if watch.caught_up), default=None)
        now = timezone.now()
        for row in rows:
            if newest is not None and row.seq >= newest:
                self.lag.note((now - row.created_at).total_seconds())


def _refused(watches: Iterable[Watch]) -> list[Watch]:
    """Those whose key was revoked, whose member was removed, and so on. Two queries at most, however many watch."""
    held = rights_held({watch.right for watch in watches if watch.right})
    lost = [watch for watch in watches if watch.right and watch.right not in held]
    for watch in lost:
        watch.refuse()
    return lost


def _heads(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bool]]:
    """(next event number, whether final) of each run that is still there. One query for up to 500 runs."""
    ids = list(run_ids)
    found: dict[uuid.UUID, tuple[int, bool]] = {}
    for start in range(0, len(ids), HEADS):
        rows = EvalRun.objects.filter(pk__in=ids[start : start + HEADS]).values_list("id", "next_seq", "status")
        found |= {run_id: (next_seq, status in FINAL) for run_id, next_seq, status in rows}
    return found


@contextlib.contextmanager
def changes() -> Any:
    """A function that returns when something may have changed, or when its Event is set (a new watcher came)."""
    connection.ensure_connection()
    yield _postgres_wait() if connection.vendor == "postgresql" else _sqlite_wait()


def _sqlite_wait() -> Any:
    def version() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            return int(cursor.fetchone()[0])

    seen = version()

    def wait(wanted: threading.Event) -> None:
        nonlocal seen
        until = time.monotonic() + SAFETY_SECONDS
        while time.monotonic() < until and not wanted.is_set():
            now = version()
            if now != seen:
                seen = now
                return
            time.sleep(POLL_SECONDS)

    return wait


def _postgres_wait() -> Any:
    raw = connection.connection
    raw.execute(f"LISTEN {log.CHANNEL}")

    def wait(wanted: threading.Event) -> None:
        until = time.monotonic() + SAFETY_SECONDS
        while time.monotonic() < until and not wanted.is_set():
            if any(True for _ in raw.notifies(timeout=0.05, stop_after=1)):
                return

    return wait


tail = Tail()
