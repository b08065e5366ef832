"""Reads that a page or an endpoint needs. Every one is scoped to a project and costs a constant number of queries."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Avg, Count, Q, QuerySet, Sum

from evalhub.accounts.models import Project
from runs.models import EvalRun, Message, ModelCall, RunQuerySet

# Wide JSON that a list never shows.
LIST_DEFER = [
    "agent_snapshot",
    "template_snapshot",
    "adaptation_template_snapshot",
    "evaluation_result",
    "adaptation_result",
    "simulation_state",
    "sessions",
]


def run_get(*, run_id: uuid.UUID, project: Project) -> EvalRun:
    """One run of this project. Raises EvalRun.DoesNotExist, also for another project's run."""
    return EvalRun.objects.of(project).get(pk=run_id)


def run_list(*, project: Project, status: str = "", agent_id: uuid.UUID | None = None) -> RunQuerySet:
    """Newest first, without the wide columns."""
    runs = EvalRun.objects.of(project)
    if status:
        runs = runs.filter(status=status)
    if agent_id:
        runs = runs.filter(agent_id=agent_id)
    return runs.defer(*LIST_DEFER).order_by("-created_at", "-id")


def run_page(*, runs: RunQuerySet, size: int, after: tuple[datetime, uuid.UUID] | None = None) -> tuple[list[EvalRun], bool]:
    """A page by keyset: what comes after (created_at, id), and whether more follows. A run created meanwhile moves nothing."""
    if after:
        created_at, run_id = after
        runs = runs.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, id__lt=run_id))
    found = list(runs[: size + 1])
    return found[:size], len(found) > size


def transcript(*, run: EvalRun, after_index: int = -1) -> QuerySet[Message]:
    """The messages of a run in order, from a number on."""
    return run.messages.filter(index__gt=after_index).order_by("index")


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one purpose on one model cost: the calls made (failed ones too), tokens, dollars, and how many calls have no known price."""

    purpose: str
    model: str
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    price_usd: Decimal
    unpriced: int
    mean_latency_ms: int


def costs(*, run: EvalRun) -> Sequence[CostRow]:
    """A row a purpose and model, in the order of a run's life. One query."""
    grouped = (
        ModelCall.objects.filter(run=run)
        .values("purpose", "model")
        .annotate(
            calls=Count("id"),
            failed=Count("id", filter=~Q(error="")),
            tokens_in=Sum("input_tokens"),
            tokens_out=Sum("output_tokens"),
            price=Sum("price_usd"),
            unpriced=Count("id", filter=Q(price_usd=None, error="")),
            latency=Avg("latency_ms"),
        )
    )
    order = {purpose: position for position, purpose in enumerate(ModelCall.Purpose.values)}
    rows = [
        CostRow(
            purpose=row["purpose"],
            model=row["model"],
            calls=row["calls"],
            failed=row["failed"],
            input_tokens=row["tokens_in"] or 0,
            output_tokens=row["tokens_out"] or 0,
            price_usd=row["price"] or Decimal(0),
            unpriced=row["unpriced"],
            mean_latency_ms=round(row["latency"] or 0),
        )
        for row in grouped
    ]
    return sorted(rows, key=lambda row: (order[row.purpose], row.model))
