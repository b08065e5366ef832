"""How many event streams and page sockets are open: in this process, and of one key or person. For the event loop's use alone."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from django.conf import settings

from evalhub.common.descriptors import descriptors
from evalhub.common.problems import Problem

RESERVED = 256  # descriptors for the database, the pages, and connections that wait for their answer
RETRY_SECONDS = 10
# A refused connection that stays open would take what the refusal is to save.
HEADERS = {"Retry-After": str(RETRY_SECONDS), "Connection": "close"}


class Seats:
    """Each `with` block is one open connection."""

    def __init__(self) -> None:
        self._taken = 0
        self._taken_by: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many connections are open in this process."""
        return self._taken

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """A seat in this process, for one of whom nothing is known yet. Raises a 503 Problem when there is none."""
        if self._taken >= max(descriptors() - RESERVED, 1):
            detail = f"This server has {self._taken:,} live connections open, which is all it can. Try again in {RETRY_SECONDS} s."
            raise Problem(503, detail, headers=HEADERS)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    @contextlib.contextmanager
    def of(self, identity: str) -> Iterator[None]:
        """A seat of a key or person, `identity` as in their Grant. Raises a 429 Problem when they have too many."""
        if self._taken_by[identity] >= settings.API_OPEN_STREAMS:
            detail = f"One key or person may have {settings.API_OPEN_STREAMS:,} live connections open. Close some of them."
            raise Problem(429, detail, headers=HEADERS)
        self._taken_by[identity] += 1
        try:
            yield
        finally:
            self._taken_by[identity] -= 1
            if not self._taken_by[identity]:
                del self._taken_by[identity]


seats = Seats()
