"""One tail a web process: sees that runs have new events and hands them to the open sockets (decision 8).

On SQLite it polls PRAGMA data_version, on PostgreSQL it LISTENs; either way it then reads the new events of the watched runs once,
however many pages watch them. It rests while nobody watches. Used by the event stream and the WebSocket consumer.
"""

import asyncio
import contextlib
import logging
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from runs.events import log
from runs.models import EvalRun

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.025
# PostgreSQL's answer to a lost notification (a reconnect), and SQLite's to a data_version that did not move.
SAFETY_SECONDS = 2.0
BATCH = 1000

Batch = list[dict[str, Any]]


@dataclass(eq=False, slots=True)
class Watch:
    """One open socket on one run. `next_seq` is the first event it has not been given."""

    run_id: uuid.UUID
    next_seq: int
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Batch] = field(default_factory=asyncio.Queue)

    def give(self, events: Batch) -> None:
        """Called in the tail's thread. What the watcher has already is left out."""
        fresh = [event for event in events if event["seq"] >= self.next_seq]
        if fresh:
            self.next_seq = fresh[-1]["seq"] + 1
            with contextlib.suppress(RuntimeError):  # its loop is closing
                self.loop.call_soon_threadsafe(self.queue.put_nowait, fresh)


class Tail:
    """The watchers of a process and the thread that serves them. The thread starts with the first watcher."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.asynccontextmanager
    async def watch(self, run_id: uuid.UUID, next_seq: int) -> AsyncIterator[Watch]:
        """Events of a run from `next_seq` on arrive in `watch.queue`, in order, none missing and none twice."""
        watch = Watch(run_id, next_seq, asyncio.get_running_loop())
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
                        wait(self._wanted)
            except Exception:
                # A lost connection, mostly. The thread serves every open page, so it must outlive whatever this is.
                logger.warning("The tail stumbled; it tries again on a new connection", exc_info=True)
                self._wanted.set()
                time.sleep(1)
            finally:
                connection.close()

    def _serve(self) -> bool:
        """Read what is new for the watched runs. False when nobody watches: the tail rests until somebody does."""
        with self._lock:
            self._wanted.clear()
            watches = list(self._watches)
        if not watches:
            return False
        lowest: dict[uuid.UUID, int] = {}
        for watch in watches:
            lowest[watch.run_id] = min(watch.next_seq, lowest.get(watch.run_id, watch.next_seq))
        for run_id, next_seq in self._behind(lowest):
            events = log.read_after(run_id, next_seq - 1, BATCH)
            for watch in watches:
                if watch.run_id == run_id:
                    watch.give(events)
            if len(events) == BATCH:
                self._wanted.set()  # more is waiting
        return True

    def _behind(self, lowest: dict[uuid.UUID, int]) -> Iterable[tuple[uuid.UUID, int]]:
        """The runs that have events their watchers have not seen. One query for up to 500 runs."""
        ids = list(lowest)
        for start in range(0, len(ids), 500):
            heads = EvalRun.objects.filter(pk__in=ids[start : start + 500]).values_list("id", "next_seq")
            yield from [(run_id, lowest[run_id]) for run_id, head in heads if head > lowest[run_id]]


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
