"""Counts calls by project, day, model and purpose, in the transaction that stores them. Called by `writes`, and by `runs.spend`.

One statement a commit. Rows are written in the order of their keys, so that workers which commit at once never wait for each other in a
circle; `shard` keeps most of them apart to begin with.
"""

import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from agents.llm.types import CallRecord
from runs.engine.steps import Step
from runs.models import MODEL_NAME, CallTally

SHARDS = 8
KEY = ("project_id", "day", "model", "purpose", "shard")
SUMS = ("calls", "failed", "retries", "unpriced", "input_tokens", "output_tokens", "price_usd")
TABLE = CallTally._meta.db_table
Key = tuple[uuid.UUID, date, str, str]


@dataclass(slots=True)
class Sums:
    """What is added to one row, in the order of SUMS."""

    calls: int = 0
    failed: int = 0
    retries: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    price_usd: Decimal = Decimal(0)

    def add(self, call: CallRecord) -> None:
        self.calls += 1
        self.failed += call.has_failed
        self.retries += call.attempt > 1
        self.unpriced += call.is_unpriced
        self.input_tokens += call.usage.input_tokens or 0
        self.output_tokens += call.usage.output_tokens or 0
        self.price_usd += call.price_usd or 0


def count(steps: Iterable[Step], now: datetime) -> None:
    """Add the calls of the steps to their rows. A project that was deleted fails the commit, as its runs do."""
    add(((step.project_id, step.purpose.value, call) for step in steps for call in step.calls), now)


def add(calls: Iterable[tuple[uuid.UUID, str, CallRecord]], now: datetime) -> None:
    """Add calls, each with its project and purpose. Call it in a transaction."""
    sums: dict[Key, Sums] = {}
    day = now.astimezone(UTC).date()
    for project_id, purpose, call in calls:
        sums.setdefault((project_id, day, call.model[:MODEL_NAME], purpose), Sums()).add(call)
    rows = [_row(key, sums[key]) for key in sorted(sums)]
    if rows:
        _upsert(rows)


def _row(key: Key, sums: Sums) -> tuple[Any, ...]:
    project_id, day, model, purpose = key
    uuids = connection.features.has_native_uuid_field
    decimal = connection.ops.adapt_decimalfield_value(sums.price_usd, 20, 8)
    own = (project_id if uuids else project_id.hex, day if uuids else day.isoformat(), model, purpose, os.getpid() % SHARDS)
    counted = (sums.calls, sums.failed, sums.retries, sums.unpriced, sums.input_tokens, sums.output_tokens)
    return (*own, *counted, decimal)


def _upsert(rows: Sequence[tuple[Any, ...]]) -> None:
    values = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))
    added = ", ".join(f"{name} = {TABLE}.{name} + excluded.{name}" for name in SUMS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} ({', '.join(KEY + SUMS)}) VALUES {values} "  # noqa: S608  names of our own columns
            f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {added}",
            [value for row in rows for value in row],
        )
