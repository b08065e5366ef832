"""Whose turn it is when a worker has room: runs whose worker went silent, then runs that somebody asked for alone, and children of batches.

A batch of ten thousand is older than whatever is asked for after it, so that by age alone a single run would wait for all of it. Singles
and children therefore share the room by halves, batches share theirs evenly, and what one of them does not need the others get. Where one
place cannot be halved chance decides, so that no claimer has to remember who was last.
"""

import random
import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import chain, zip_longest

from django.db import connection
from django.db.models import Exists, OuterRef

from runs.models import ALIVE, SINGLE_WAITS, Batch, EvalRun
from runs.models.run import RunQuerySet
from runs.states import Status

BATCHES = 20  # that one claim takes children of; the oldest first


def next_runs(room: int, at: datetime | None) -> list[uuid.UUID]:
    """Up to `room` runs that may be taken, locked where the database has row locks. `at` is None while no lease counts as silent."""
    silent = _some(EvalRun.objects.silent_claimable(at).order_by("created_at"), room) if at else []
    left = room - len(silent)
    singles = _some(EvalRun.objects.filter(SINGLE_WAITS).order_by("created_at"), left)
    children = _children(left)
    return silent + _shared(left, singles, children)


def _shared(room: int, singles: Sequence[uuid.UUID], children: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    half = room // 2 + (room % 2 and random.getrandbits(1))
    mine = min(len(singles), max(half, room - len(children)))
    return [*singles[:mine], *children[: room - mine]]


def _children(room: int) -> list[uuid.UUID]:
    """Children in turns, one of each batch."""
    if room <= 0:
        return []
    waiting = EvalRun.objects.filter(batch=OuterRef("pk"), status=Status.PENDING).order_by()
    going_on = Batch.objects.alive().filter(Exists(waiting), cancel_requested_at=None)
    batches = list(going_on.order_by("created_at").values_list("pk", flat=True)[:BATCHES])
    if not batches:
        return _orphans(room)
    random.shuffle(batches)
    # In the order of the index, about that in which they were made: to sort ten thousand for each claim would take longer than the claim.
    of_each = [_some(EvalRun.objects.filter(batch=key, status=Status.PENDING).order_by(), room) for key in batches]
    return [key for key in chain.from_iterable(zip_longest(*of_each)) if key][:room]


def _orphans(room: int) -> list[uuid.UUID]:
    """Children whose batch is gone: they end with that reason, rather than wait for ever."""
    gone = ~Exists(Batch.objects.filter(pk=OuterRef("batch_id")))
    return _some(EvalRun.objects.filter(ALIVE, gone, status=Status.PENDING, batch__isnull=False).order_by("created_at"), room)


def _some(runs: RunQuerySet, most: int) -> list[uuid.UUID]:
    if most <= 0:
        return []
    if connection.features.has_select_for_update_skip_locked:
        runs = runs.select_for_update(skip_locked=True)
    # On SQLite the transaction holds the write lock from its start, so reading first is as good as a row lock.
    return list(runs.values_list("id", flat=True)[:most])
