"""The numbered log: `rows` is the only way an event becomes a row, `rows_after` the only way it is read.

Readers ask by (run, seq), never by a global id: PostgreSQL commits out of order (decision 8).
"""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import connection

from runs.events.types import Event, Totals
from runs.models import EvalRun, RunEvent

CHANNEL = "evalhub_events"


def rows(run_id: uuid.UUID, first_seq: int, events: Sequence[Event], totals: Totals) -> list[RunEvent]:
    """Unsaved rows numbered from `first_seq`. The caller holds the run's lease, or its row lock, and saves them in the same transaction."""
    return [
        RunEvent(run_id=run_id, seq=first_seq + offset, type=event.type, payload=event.payload(totals))
        for offset, event in enumerate(events)
    ]


def append(run: EvalRun, events: Sequence[Event]) -> None:
    """Write events of a run nobody else is writing to (the caller holds its row lock), and move its counter. Saves `next_seq` only."""
    totals = Totals(run.total_sessions, run.total_turns, run.total_cost_usd)
    RunEvent.objects.bulk_create(rows(run.id, run.next_seq, events, totals))
    run.next_seq += len(events)
    run.save(update_fields=["next_seq", "updated_at"])
    announce([run.id])


def announce(run_ids: Sequence[uuid.UUID]) -> None:
    """Wake the open pages of every web process when this transaction commits. SQLite needs no call: its readers watch data_version."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.executemany("SELECT pg_notify(%s, %s)", [(CHANNEL, str(run_id)) for run_id in run_ids])


def rows_after(run_id: uuid.UUID, seq: int, limit: int = 1000) -> list[RunEvent]:
    """Up to `limit` events with a number above `seq` (-1 for all)."""
    return list(RunEvent.objects.filter(run_id=run_id, seq__gt=seq).order_by("seq")[:limit])


def read_after(run_id: uuid.UUID, seq: int, limit: int = 1000) -> list[dict[str, Any]]:
    """The same as the stream sends them."""
    return [as_json(event) for event in rows_after(run_id, seq, limit)]


def as_json(event: RunEvent) -> dict[str, Any]:
    """One event as the stream and the pages see it."""
    return {**event.payload, "run_id": str(event.run_id), "seq": event.seq}
