"""How far a batch is: one statement that counts its children, so that no counter can go wrong in a crash (decision 13).

What it counts never goes backwards, but for a resume, which lets interrupted children wait again. The parts always add up to the total:
a child that was not made yet is queued, or cancelled once the batch was; one that was deleted stays counted by the status it had.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from runs.models import Batch, EvalRun
from runs.models.batch import BatchQuerySet
from runs.states import FINAL, Status

COUNTED = (Status.RUNNING, Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED)
COLUMNS = ("pk", "status", "total", "dispatched", "removed", "cancel_requested_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Children by where they are. `total` is the sum of all the others."""

    total: int = 0
    queued: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    interrupted: int = 0

    @property
    def finished(self) -> int:
        return self.completed + self.failed + self.cancelled + self.interrupted

    @property
    def percent(self) -> float:
        """0 to 100 with one decimal, cut and not rounded: 100 means that all of them are over."""
        return self.finished * 1000 // self.total / 10 if self.total else 100.0

    def as_json(self) -> dict[str, float]:
        """{total, queued, running, completed, failed, cancelled, interrupted, percent}"""
        return {**asdict(self), "percent": self.percent}


def batch_progress(batch_id: uuid.UUID) -> Progress:
    """One query. All zero for a batch that is gone."""
    return batches_progress([batch_id]).get(batch_id, Progress())


def batches_progress(batch_ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Progress]:
    """By batch. One query."""
    counted = with_counts(Batch.objects.filter(pk__in=list(batch_ids)))
    return {row["pk"]: progress_of(row) for row in counted.values(*COLUMNS, *_names())}


def with_counts(batches: BatchQuerySet) -> BatchQuerySet:
    """The batches with `children_<status>` beside them, counted in the same statement as they are read."""
    return batches.annotate(**{f"children_{status}": _count(status) for status in COUNTED})


def progress_of(row: Mapping[str, Any]) -> Progress:
    """From the columns and counts of one batch."""
    counts = {status: row[f"children_{status}"] + row["removed"].get(status, 0) for status in COUNTED}
    if row["cancel_requested_at"] or row["status"] in FINAL:
        counts[Status.CANCELLED] += row["total"] - row["dispatched"]  # nobody will make them any more
    queued = max(row["total"] - sum(counts.values()), 0)
    return Progress(total=row["total"], queued=queued, **{status.value: number for status, number in counts.items()})


def stage(batch: Batch) -> str:
    """queued, dispatching, running, summarizing or done."""
    if batch.is_final:
        return "done"
    if batch.status == Status.SUMMARIZING:
        return "summarizing"
    if batch.cancel_requested_at is None and batch.dispatched < batch.total:
        return "dispatching" if batch.dispatched else "queued"
    return "running"


def _names() -> list[str]:
    return [f"children_{status}" for status in COUNTED]


def _count(status: Status) -> Coalesce:
    """A range of the index over (batch, status) and nothing else, on either database."""
    children = EvalRun.objects.filter(batch=OuterRef("pk"), status=status).order_by().values("batch").annotate(n=Count("*")).values("n")
    return Coalesce(Subquery(children, output_field=IntegerField()), 0)
