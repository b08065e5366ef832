"""One step of what batches need beside their children's runs: make some children, cancel some, begin a summary, or end a batch.

Called by drains again and again while they drive runs, and by the sweep. Steps are short, so that no claim and no commit waits for long.
"""

import logging
import time
import uuid
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from runs.batches import finish
from runs.batches.children import cancel_waiting
from runs.batches.dispatch import Dispatcher
from runs.models import Batch
from runs.states import Status

logger = logging.getLogger(__name__)
LEFT_ALONE_SECONDS = 30.0
ABANDONED = timedelta(seconds=10)  # a summary that nobody wrote for so long is begun again by somebody else
COLUMNS = ("pk", "status", "dispatched", "total", "cancel_requested_at", "updated_at", "active")


class Ticker:
    """Takes the steps for one process. `step` is to be called from one thread."""

    def __init__(self) -> None:
        self._dispatcher = Dispatcher()
        self._mine: set[uuid.UUID] = set()  # batches whose summary this process began
        self._broken: dict[uuid.UUID, float] = {}  # until when one that failed is left alone

    def step(self) -> int:
        """The next step of every batch that needs one; children are made of one only, which has the fewest. Returns how many were taken."""
        alive = list(Batch.objects.alive().with_active().order_by("created_at").values(*COLUMNS))
        alive = [row for row in alive if self._broken.get(row["pk"], 0) < time.monotonic()]
        to_make = [row for row in alive if row["cancel_requested_at"] is None and row["dispatched"] < row["total"]]
        fewest = min(to_make, key=lambda row: row["dispatched"], default=None)
        return sum(self._guarded(row) for row in alive if row is fewest or row not in to_make)

    def _guarded(self, row: dict[str, Any]) -> int:
        """What is broken in one batch does not hold up the others."""
        try:
            return int(self._taken(row))
        except (OperationalError, InterfaceError):  # the database is away or busy, for all of them alike
            raise
        except Exception:
            logger.exception("Batch %s cannot go on now", row["pk"])
        self._broken[row["pk"]] = time.monotonic() + LEFT_ALONE_SECONDS
        return 0

    def _taken(self, row: dict[str, Any]) -> bool:
        key = row["pk"]
        if row["cancel_requested_at"] is None and row["dispatched"] < row["total"]:
            return self._dispatcher.step(key, row["dispatched"]) > 0
        if row["status"] == Status.SUMMARIZING:
            return self._finished(key, row["updated_at"])
        if row["active"]:
            return bool(row["cancel_requested_at"] and cancel_waiting(key))
        if finish.begin_summary(key):
            self._mine.add(key)
            return True
        return False

    def _finished(self, key: uuid.UUID, since: Any) -> bool:
        if key not in self._mine and timezone.now() - since < ABANDONED:
            return False
        self._mine.discard(key)
        return finish.finish(key)
