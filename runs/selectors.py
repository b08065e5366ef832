"""Reads that a page or an endpoint needs. Every one is scoped to a project and costs a constant number of queries."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise
from operator import attrgetter
from statistics import median_low

from django.db.models import Count, Q, QuerySet, Sum

from agents.llm.types import CANCELLED
from evalhub.accounts.models import Project
from evalhub.common.paging import Keyset, first_rows, rows_after
from runs import tally
from runs.models import OWN, EvalRun, Message, ModelCall, RunQuerySet

# As `CallRecord` says it of one call.
FAILED = ~Q(error="") & ~Q(error=CANCELLED)
UNPRICED = Q(price_usd=None) & (Q(error="") | Q(input_tokens__isnull=False) | Q(output_tokens__isnull=False))
PACE_TURNS = 15
LATENCY_CALLS = 4000  # more than nearly every run has; reading them takes some milliseconds
MOST_MESSAGES = 20_000  # in one answer with several runs: as many as one pasted transcript may have

Whole = tuple[EvalRun, list[Message]]

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
    """Newest first, without the wide columns. Children of batches are listed with their batch."""
    runs = EvalRun.objects.of(project).filter(OWN)
    if status:
        runs = runs.filter(status=status)
    if agent_id:
        runs = runs.filter(agent_id=agent_id)
    return runs.defer(*LIST_DEFER).order_by("-created_at", "-id")


def run_page(*, runs: RunQuerySet, size: int, after: Keyset | None = None) -> tuple[list[EvalRun], bool]:
    """A page by keyset: what comes after (created_at, id), and whether more follows. A run created meanwhile moves nothing."""
    return first_rows(rows_after(runs, after), size)


def run_keys(*, runs: RunQuerySet, size: int, after: Keyset | None = None) -> tuple[list[Keyset], bool]:
    """The same page as keys alone, which an index has: cheap wherever in the list it is. `runs_whole` loads them. One query."""
    return first_rows(rows_after(runs, after).values_list("created_at", "id"), size)


def run_numbered(*, project: Project, agent_id: uuid.UUID | None, first: int, size: int) -> tuple[list[Keyset], int]:
    """The keys from place `first` on, where 0 is the newest run, and how many runs there are in all. Two queries; as cheap at any place."""
    counted = tally.days(project_id=project.pk, agent_id=agent_id)
    total = sum(runs for _, runs in counted)
    last = min(first + size, total)
    if first >= last:
        return [], total
    return _stretch(run_list(project=project, agent_id=agent_id), tally.stretch(counted, first, last), last - first), total


def _stretch(runs: RunQuerySet, way: tally.Stretch, size: int) -> list[Keyset]:
    """`size` keys, newest first."""
    runs = runs.filter(created_at__gte=way.midnight) if way.from_oldest else runs.filter(created_at__lt=way.midnight)
    ordered = runs.order_by("created_at", "id") if way.from_oldest else runs
    keys = list(ordered.values_list("created_at", "id")[way.skip : way.skip + size])
    return keys[::-1] if way.from_oldest else keys


def runs_whole(*, ids: Sequence[uuid.UUID]) -> tuple[list[Whole], int]:
    """The runs of these ids with all columns and messages, in order, and how many of the ids that covers; two queries as a rule.

    All of them, or only the first ones where all would be more than MOST_MESSAGES messages. A run deleted meanwhile is left out.
    """
    spoken = Message.objects.filter(run_id__in=ids).order_by("run_id", "index")
    messages = list(spoken[: MOST_MESSAGES + 1] if len(ids) > 1 else spoken)
    if len(ids) > 1 and len(messages) > MOST_MESSAGES:
        return runs_whole(ids=ids[: len(ids) // 2])
    by_run = {run_id: list(said) for run_id, said in groupby(messages, key=attrgetter("run_id"))}
    found = EvalRun.objects.in_bulk(ids)
    return [(found[run_id], by_run.get(run_id, [])) for run_id in ids if run_id in found], len(ids)


def transcript(*, run: EvalRun, after_index: int = -1) -> QuerySet[Message]:
    """The messages of a run in order, from a number on."""
    return run.messages.filter(index__gt=after_index).order_by("index")


@dataclass(frozen=True, slots=True)
class CostRow:
    """What one purpose on one model cost: the calls made (failed ones too), tokens, dollars, and how many calls have no known price.

    Half of the answers came within `p50_ms`, 95 in a hundred within `p95_ms`; None where no call was answered.
    """

    purpose: str
    model: str
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    price_usd: Decimal
    unpriced: int
    p50_ms: int | None
    p95_ms: int | None

    @property
    def label(self) -> str:
        """The purpose in words."""
        return str(ModelCall.Purpose(self.purpose).label)


def pace(*, run: EvalRun) -> float | None:
    """Seconds a turn took lately; None before there are three. One query.

    The median, so that hours without a worker, which are one gap between two turns, count no more than any other.
    """
    said = run.messages.filter(role=Message.Role.USER).order_by("-index").values_list("created_at", flat=True)
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise(said[: PACE_TURNS + 1])]
    return max(median_low(gaps), 0.0) if len(gaps) > 1 else None


def latencies(*, run: EvalRun) -> Mapping[tuple[str, str], Sequence[int]]:
    """Milliseconds of the newest answered calls, sorted, by purpose and model. One query, and the same sums on every database."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    answered = ModelCall.objects.filter(run=run, error="").order_by("-id")
    for purpose, model, latency in answered.values_list("purpose", "model", "latency_ms")[:LATENCY_CALLS]:
        found[purpose, model].append(latency)
    for times in found.values():
        times.sort()
    return found


def _at(values: Sequence[int], percent: int) -> int | None:
    """The value that so many per cent of the sorted ones do not pass (nearest rank)."""
    return values[max(-(-len(values) * percent // 100), 1) - 1] if values else None


def costs(*, run: EvalRun) -> Sequence[CostRow]:
    """A row a purpose and model, in the order of a run's life. Two queries."""
    answered = latencies(run=run)
    grouped = (
        ModelCall.objects.filter(run=run)
        .values("purpose", "model")
        .annotate(
            calls=Count("id"),
            failed=Count("id", filter=FAILED),
            tokens_in=Sum("input_tokens"),
            tokens_out=Sum("output_tokens"),
            price=Sum("price_usd"),
            unpriced=Count("id", filter=UNPRICED),
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
            p50_ms=_at(answered.get((row["purpose"], row["model"]), ()), 50),
            p95_ms=_at(answered.get((row["purpose"], row["model"]), ()), 95),
        )
        for row in grouped
    ]
    return sorted(rows, key=lambda row: (order[row.purpose], row.model))
