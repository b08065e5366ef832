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
from typing import Any

from django.db import connection

from evalhub.common.sql import sql_value
from runs.models import Batch, EvalRun
from runs.models.run import LONGEST_LEASE

BATCHES = 20  # that one claim takes children of; the oldest first
RUNS, PARENTS = EvalRun._meta.db_table, Batch._meta.db_table

# Written out, since a claim comes many times a second and to compile these took ten times as long as to run them. They say what RunQuerySet
# and BatchQuerySet say, literals and all; a test holds them against each other.
SILENT = f"""SELECT id FROM {RUNS} WHERE status IN ('pending', 'running') AND status = 'running' AND attempt < max_attempts
    AND (lease_expires_at IS NULL OR lease_expires_at < %s OR lease_expires_at > %s) ORDER BY created_at"""  # noqa: S608  our own names
SINGLE = f"SELECT id FROM {RUNS} WHERE batch_id IS NULL AND status = 'pending' ORDER BY created_at"  # noqa: S608
# In the order of the index, about that in which they were made: to sort ten thousand for each claim would take longer than the claim.
OF_BATCH = f"SELECT id FROM {RUNS} WHERE batch_id = %s AND status = 'pending'"  # noqa: S608
GOING_ON = f"""SELECT id FROM {PARENTS} AS b WHERE status IN ('pending', 'running', 'summarizing') AND cancel_requested_at IS NULL
    AND EXISTS(SELECT 1 FROM {RUNS} WHERE batch_id = b.id AND status = 'pending') ORDER BY created_at LIMIT {BATCHES}"""  # noqa: S608
ORPHANS = f"""SELECT id FROM {RUNS} AS r WHERE status IN ('pending', 'running') AND status = 'pending' AND batch_id IS NOT NULL
    AND NOT EXISTS(SELECT 1 FROM {PARENTS} WHERE id = r.batch_id) ORDER BY created_at"""  # noqa: S608


def next_runs(room: int, at: datetime | None) -> list[uuid.UUID]:
    """Up to `room` runs that may be taken, locked where the database has row locks. `at` is None while no lease counts as silent."""
    silent = _some(SILENT, [sql_value(at), sql_value(at + LONGEST_LEASE)], room) if at else []
    left = room - len(silent)
    singles = _some(SINGLE, [], left)
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
    batches = _keys(GOING_ON, [])
    if not batches:  # children whose batch is gone end with that reason, rather than wait for ever
        return _some(ORPHANS, [], room)
    random.shuffle(batches)
    of_each = [_some(OF_BATCH, [sql_value(key)], room) for key in batches]
    return [key for key in chain.from_iterable(zip_longest(*of_each)) if key][:room]


def _some(sql: str, parameters: Sequence[Any], most: int) -> list[uuid.UUID]:
    if most <= 0:
        return []
    # On SQLite the transaction holds the write lock from its start, so reading first is as good as a row lock.
    locked = " FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    return _keys(f"{sql} LIMIT %s{locked}", [*parameters, most])


def _keys(sql: str, parameters: Sequence[Any]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [key if isinstance(key, uuid.UUID) else uuid.UUID(key) for (key,) in cursor.fetchall()]
