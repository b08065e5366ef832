"""The numbered log: `numbered`, `append` and `append_each` are the only ways an event becomes a row, `rows_after` the only way it is read.

Readers ask by (run, seq), never by a global id: PostgreSQL commits out of order (decision 8).
"""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F

from agents.llm.jsonbytes import json_bytes
from runs.events.types import Event, Totals
from runs.models import EvalRun, RunEvent

CHANNEL = "evalhub_events"


class Written(str):
    """JSON that is text already: it is stored as it stands."""

    __slots__ = ()


class Numbered(NamedTuple):
    """An event with its number, its payload written out once for whoever stores it."""

    seq: int
    type: str
    payload: Written


def numbered(first_seq: int, events: Sequence[Event], totals: Totals) -> list[Numbered]:
    """Events numbered from `first_seq`. The caller holds the run's lease and stores them in the same transaction as the new counter."""
    written = (Written(json_bytes(event.payload(totals)).decode()) for event in events)
    return [Numbered(first_seq + offset, event.type, text) for offset, (event, text) in enumerate(zip(events, written, strict=True))]


def append(run: EvalRun, events: Sequence[Event]) -> None:
    """Write events of a run nobody else is writing to (the caller holds its row lock), and move its counter. Saves `next_seq` only."""
    RunEvent.objects.bulk_create(_rows(run, events))
    run.next_seq += len(events)
    run.save(update_fields=["next_seq", "updated_at"])
    announce([run.id])


def append_each(runs: Sequence[EvalRun], events: Sequence[Event]) -> None:
    """The same events for each of many runs, in a few statements. The objects' own `next_seq` is left as it was."""
    RunEvent.objects.bulk_create(row for run in runs for row in _rows(run, events))
    ids = [run.id for run in runs]
    EvalRun.objects.filter(pk__in=ids).update(next_seq=F("next_seq") + len(events))
    announce(ids)


def _rows(run: EvalRun, events: Sequence[Event]) -> list[RunEvent]:
    totals = Totals(run.total_sessions, run.total_turns, run.total_cost_usd)
    return [
        RunEvent(run_id=run.id, seq=run.next_seq + offset, type=event.type, payload=event.payload(totals))
        for offset, event in enumerate(events)
    ]


def announce(run_ids: Sequence[uuid.UUID]) -> None:
    """Wake the open pages of every web process when this transaction commits. SQLite needs no call: its readers watch data_version."""
    if connection.vendor != "postgresql" or not run_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, id) FROM unnest(%s::text[]) AS id", [CHANNEL, [str(run_id) for run_id in run_ids]])


def rows_after(run_id: uuid.UUID, seq: int, limit: int = 1000) -> list[RunEvent]:
    """Up to `limit` events with a number above `seq` (-1 for all)."""
    return list(RunEvent.objects.filter(run_id=run_id, seq__gt=seq).order_by("seq")[:limit])


def read_after(run_id: uuid.UUID, seq: int, limit: int = 1000) -> list[dict[str, Any]]:
    """The same as the stream sends them."""
    return [as_json(event) for event in rows_after(run_id, seq, limit)]


def as_json(event: RunEvent) -> dict[str, Any]:
    """One event as the stream and the pages see it."""
    return {**event.payload, "run_id": str(event.run_id), "seq": event.seq}
