"""Reads of batches for lists and heads of pages: pages by keyset, the states of children, and what they came to."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Q, Sum
from django.db.models.fields.json import KeyTransform

from evalhub.accounts.models import Project
from evalhub.common.paging import Keyset, first_rows, rows_after
from evalhub.common.statistics import Rate, rate_of
from runs.batches.progress import Progress, batches_progress
from runs.models import Batch, EvalRun, Trial
from runs.models.batch import BatchQuerySet
from runs.states import ACTIVE, Status

WIDE = ("request", "targets", "profiles", "brands", "cells", "summary", "source_snapshot")
# In the order in which a bar shows them: what is over first.
STATES = (Status.COMPLETED, Status.FAILED, Status.INTERRUPTED, Status.CANCELLED, Status.RUNNING, Status.PENDING)
WORDS = {Status.PENDING: "queued"}
BROKEN = (Status.FAILED, Status.INTERRUPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list of batches is to show. What is empty filters nothing; `before` is the end of a span of time, not in it."""

    status: str = ""
    source_type: str = ""
    source_id: uuid.UUID | None = None
    trigger: str = ""
    text: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One state of a batch's children: its word, how many, and where its piece of the bar begins and how long it is, in per cent."""

    status: str
    word: str
    count: int
    start: float
    share: float


@dataclass(frozen=True, slots=True)
class States:
    """How many children are in each state, as a bar and words show it."""

    total: int
    done: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, progress: Progress) -> "States":
        counts = {status.value: getattr(progress, WORDS.get(status, status.value)) for status in STATES}
        return cls(progress.total, progress.finished, counts)

    @property
    def percent(self) -> int:
        """Whole ones, rounded down: 100 is said when all are over."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def parts(self) -> list[Part]:
        found, reached = [], 0
        for status in STATES:
            if number := self.counts.get(status, 0):
                found.append(Part(status, WORDS.get(status, status.value), number, self._share(reached), self._share(number)))
                reached += number
        return found

    def _share(self, number: int) -> float:
        return round(100 * number / self.total, 3)

    @property
    def told(self) -> str:
        """`12 completed, 3 queued of 15`."""
        return f"{', '.join(f'{part.count:,} {part.word}' for part in self.parts) or 'none'} of {self.total:,}"


@dataclass(frozen=True, slots=True)
class Figures:
    """What children came to. `passed` of `decided` is the pass rate; `scored` have the mean `score`; `cost_usd` has known prices only."""

    passed: int = 0
    decided: int = 0
    scored: int = 0
    score: float | None = None
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0

    @property
    def rate(self) -> Rate | None:
        return rate_of(self.passed, self.decided)


NOTHING = Figures()


def batch_list(*, project: Project, wanted: Wanted | None = None) -> BatchQuerySet:
    """Newest first, without the wide columns."""
    asked = wanted or Wanted()
    rows = Batch.objects.of(project).defer(*WIDE).annotate(overall=KeyTransform("overall", "summary"))
    equal = {"status": asked.status, "source_type": asked.source_type, "source_id": asked.source_id, "trigger": asked.trigger}
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if asked.since:
        rows = rows.filter(created_at__gte=asked.since)
    if asked.before:
        rows = rows.filter(created_at__lt=asked.before)
    if asked.text:
        rows = rows.filter(Q(name__icontains=asked.text) | Q(source_label__icontains=asked.text))
    return rows.order_by("-created_at", "-id")


def batch_page(*, project: Project, wanted: Wanted, size: int, after: Keyset | None = None) -> tuple[list[Batch], bool]:
    """The first batches after a place, and whether more follow. One query."""
    return first_rows(rows_after(batch_list(project=project, wanted=wanted), after), size)


def newest_over(*, project: Project, size: int) -> list[tuple[Batch, Figures]]:
    """The newest batches that are over, and what their summaries say. One query, which passes by what is not over."""
    found = batch_list(project=project).exclude(status__in=ACTIVE)[:size]
    return [(batch, _summed(overall) if (overall := batch.overall) else NOTHING) for batch in found]  # type: ignore[attr-defined]  # annotated


def states(batches: Sequence[Batch]) -> dict[uuid.UUID, States]:
    """One query, which an index alone answers, however many children there are."""
    counted = batches_progress([batch.pk for batch in batches])
    return {batch.pk: States.of(counted.get(batch.pk, Progress())) for batch in batches}


def known_figures(batches: Iterable[Batch]) -> dict[uuid.UUID, Figures]:
    """Of batches from `batch_list`: out of the summaries of those that are over; two queries over the children of the others, if any."""
    told = {batch.pk: _summed(overall) for batch in batches if (overall := getattr(batch, "overall", None))}
    rest = [batch for batch in batches if batch.pk not in told]
    return told | (figures(rest) if rest else {})


def _summed(overall: Mapping[str, Any]) -> Figures:
    return Figures(
        passed=overall["passed"],
        decided=overall["judged"],
        scored=overall["scored"],
        score=overall["mean_score"],
        cost_usd=Decimal(str(overall["cost_usd"] or 0)),
        unpriced=overall["unpriced_calls"],
    )


def figures(batches: Iterable[Batch]) -> dict[uuid.UUID, Figures]:
    """What the children of these batches came to. Two queries over all of their children."""
    ids = [batch.pk for batch in batches]
    outcomes = (
        Trial.objects.filter(batch_id__in=ids)
        .order_by()
        .values("batch_id")
        .annotate(passed_n=Count("pk", filter=Q(passed=True)), decided=Count("passed"), scored=Count("score"), mean=Avg("score"))
    )
    by_batch = {row["batch_id"]: row for row in outcomes}
    money = (
        EvalRun.objects.filter(batch_id__in=ids)
        .order_by()
        .values("batch_id")
        .annotate(asked=Sum("simulation_cost_usd"), judged=Sum("evaluation_cost_usd"), unpriced=Sum("unpriced_calls"))
    )
    spent = {row["batch_id"]: row for row in money}
    return {key: _figures(by_batch.get(key), spent.get(key)) for key in ids}


def _figures(outcome: Mapping[str, Any] | None, spent: Mapping[str, Any] | None) -> Figures:
    came, cost = outcome or {}, spent or {}
    return Figures(
        passed=came.get("passed_n", 0),
        decided=came.get("decided", 0),
        scored=came.get("scored", 0),
        score=came.get("mean"),
        cost_usd=Decimal(cost.get("asked") or 0) + Decimal(cost.get("judged") or 0),
        unpriced=cost.get("unpriced") or 0,
    )
