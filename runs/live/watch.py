"""One open socket on one run: the tail's thread puts events in, the socket's coroutine takes them out."""

import asyncio
import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from evalhub.accounts.selectors import Right

# A socket that reads slower than its run writes holds this many events, and at most one reading of the log more; the rest stays in the log.
ROOM = 50


class Told(dict[str, Any]):
    """One event as JSON, the same object for all who watch a run in this process: what is made of it is made once.

    `parcel` is the number of the hand-out it came with. `frames` are those of the event stream; `updates` the HTML of the pages from an
    earlier event of the parcel, by its number, up to this one.
    """

    def __init__(self, event: Mapping[str, Any], parcel: int) -> None:
        super().__init__(event)
        self.parcel = parcel
        self.frames: Sequence[str] = ()
        self.updates: dict[int, asyncio.Future[str]] = {}


Batch = list[Told]


def parcels(batch: Batch) -> list[Batch]:
    """The same events as they were handed out: however differently readers gather them, of a parcel they all make the same."""
    return [list(events) for _, events in groupby(batch, key=lambda event: event.parcel)]


class RightLost(Exception):
    """Who opened the socket may not read the run any more."""


class Watch:
    """`next_seq` is the first event it has not been given. Made on the socket's event loop; `more` asks the tail for another pass.

    `caught_up` is the tail's note that the watch has been given all there was: what it is given next is new to it because it is new.
    """

    def __init__(self, run_id: uuid.UUID, next_seq: int, more: Callable[[], None], right: Right | None = None) -> None:
        self.run_id, self.next_seq, self.right = run_id, next_seq, right
        self._more = more
        self.loop = asyncio.get_running_loop()
        self._news: asyncio.Future[None] = self.loop.create_future()
        self._lock = threading.Lock()
        self._events: Batch = []
        self._over = self._passed_over = self._refused = False
        self.caught_up = False

    async def batch(self) -> Batch:
        """All that has come since the last call, at least one event; empty once the run is final or deleted and all was given.

        Nothing is lost when the call is cancelled while it waits. Raises RightLost, whatever there would be to take.
        """
        while not (self._events or self._over or self._refused):
            self._news = (
                self.loop.create_future()
            )  # not an asyncio.Event, which any number may wait for: a thousand of these are made an event
            await self._news
        if self._refused:
            raise RightLost
        with self._lock:
            taken, self._events = self._events, []
            behind, self._passed_over = self._passed_over, False
        if behind:
            self._more()
        return taken

    def has_room(self) -> bool:
        """For the tail's thread: whether `give` is welcome. A watch that is full asks for another pass when it has been emptied."""
        with self._lock:
            self._passed_over = len(self._events) >= ROOM
            return not (self._passed_over or self._over)

    def give(self, events: Batch) -> bool:
        """For the tail's thread: events in order, from `next_seq` or before on. True when some were new, and the watch is to be woken."""
        fresh = [event for event in events if event["seq"] >= self.next_seq]
        if fresh:
            self.next_seq = fresh[-1]["seq"] + 1
            with self._lock:
                self._events += fresh
        return bool(fresh)

    def end(self) -> None:
        """For the tail's thread: nothing will follow; it is to be woken."""
        with self._lock:
            self._over = True

    def refuse(self) -> None:
        """For the tail's thread: the right is lost; it is to be woken."""
        self._refused = True

    def wake(self) -> None:
        """For the event loop of the watch."""
        if not self._news.done():
            self._news.set_result(None)


def wake(watches: Iterable[Watch]) -> None:
    """For the tail's thread: one call into each event loop, not one for each of a thousand watches."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Watch]] = {}
    for watch in watches:
        by_loop.setdefault(watch.loop, []).append(watch)
    for loop, woken in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closing
            loop.call_soon_threadsafe(_wake, woken)


def _wake(watches: Iterable[Watch]) -> None:
    for watch in watches:
        watch.wake()


def settle(loops: Iterable[asyncio.AbstractEventLoop], within_s: float) -> None:
    """For the tail's thread: wait until event loops have come to all whom they were told to wake before, or for `within_s` at most."""
    until = time.monotonic() + within_s
    for loop in loops:
        reached = threading.Event()
        with contextlib.suppress(RuntimeError):  # the loop is closing
            # In two steps: when the first is taken, those who were woken stand in the queue, and the second stands behind them.
            loop.call_soon_threadsafe(loop.call_soon, reached.set)
            reached.wait(max(until - time.monotonic(), 0))
