"""The children of one batch as tables: subject by target, the failed ones, and those of one cell. A page is bounded, whatever the batch is.

Every query is of one batch and of the subjects on the page, or ends after a page.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, When

from evalhub.common.statistics import Rate, rate_of
from runs.batches.reading import BROKEN
from runs.models import Batch, BatchSubject, Trial
from runs.states import Status
from templates_app.models import SourceType

MOST_SUBJECTS = 50
MOST_TARGETS = 16
MOST_CELLS = 400
FAILED = Q(passed=False) | Q(run__status__in=BROKEN)
# The trial's weightiest reason, else the code that its run ended with.
WHY = Case(When(~Q(first_reason=""), then=F("first_reason")), default=F("run__error_code"), output_field=CharField())
# What a child came to, as lists say it.
RESULTS: Mapping[str, Q] = {
    "passed": Q(passed=True),
    "failed": Q(passed=False),
    "answered": Q(passed=None, run__status=Status.COMPLETED),
    "error": Q(passed=None, run__status__in=BROKEN),
    "running": Q(run__status=Status.RUNNING),
    "queued": Q(run__status=Status.PENDING),
    "cancelled": Q(passed=None, run__status=Status.CANCELLED),
}
LISTED = (
    *("position", "label", "group", "subject_index", "target_index", "profile_index", "passed", "score", "failure_reasons"),
    *("first_reason", "latency_ms", "run__status", "run__error_reason", "run__cancel_requested_at", "run__completed_at"),
)
# A cell's children that are not over, or ended without a verdict, by the weight they have for what is shown.
OPEN = (Status.RUNNING, Status.PENDING, Status.FAILED, Status.INTERRUPTED, Status.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which children are looked at. What is empty filters nothing."""

    failures: bool = False
    reason: str = ""
    target: int | None = None
    subject: int | None = None
    group: uuid.UUID | None = None
    text: str = ""
    result: str = ""  # of RESULTS
    score_min: float | None = None
    score_max: float | None = None

    @property
    def filters_nothing(self) -> bool:
        return self == Wanted()

    def of(self, trials: "QuerySet[Trial]") -> "QuerySet[Trial]":
        """Those of the trials that are looked at."""
        equal = {"target_index": self.target, "subject_index": self.subject, "group_id": self.group}
        found = trials.filter(**{name: value for name, value in equal.items() if value is not None})
        bounds = {"score__gte": self.score_min, "score__lte": self.score_max}
        found = found.filter(**{name: value for name, value in bounds.items() if value is not None})
        if self.result:
            found = found.filter(RESULTS[self.result])
        if self.text:
            found = found.filter(label__icontains=self.text)
        if self.reason:
            found = found.annotate(why=WHY).filter(why=self.reason)
        return found.filter(FAILED) if self.failures or self.reason else found


@dataclass(frozen=True, slots=True)
class Cell:
    """What one target made of one subject, all profiles and repeats together. `n` 0: it was not asked, or not yet.

    `named` answers name an own brand, at the mean place `rank` among the brands that they name.
    """

    n: int = 0
    passed: int = 0
    failed: int = 0
    score: float | None = None
    open: Mapping[str, int] | None = None
    named: int = 0
    rank: float | None = None

    @property
    def decided(self) -> int:
        return self.passed + self.failed

    @property
    def value(self) -> float | None:
        """From 0 to 100: the mean score, or the share that passed where nothing is scored."""
        if self.score is not None:
            return self.score
        return 100 * self.passed / self.decided if self.decided else None

    @property
    def state(self) -> str:
        """passed, failed, mixed; else the state of those without a verdict; answered where nobody judges; "" where nothing was asked."""
        if self.decided:
            return "mixed" if self.passed and self.failed else "passed" if self.passed else "failed"
        found = next((str(status) for status in OPEN if (self.open or {}).get(status)), "")
        return found or ("answered" if self.n else "")


@dataclass(frozen=True, slots=True)
class Row:
    """One subject and its cells, in the order of the targets shown."""

    subject: BatchSubject
    cells: Sequence[Cell]
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Column:
    """A target at its place in the batch."""

    index: int
    label: str
    is_agent: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """A page: `count` subjects are left by the filters, and this page begins after `before` of them. `next` begins the next, or None."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    count: int
    before: int
    next: int | None
    targets: int

    @property
    def first(self) -> int:
        """As people count, from 1."""
        return self.before + 1

    @property
    def until(self) -> int:
        return self.before + len(self.rows)


def columns(batch: Batch) -> list[Column]:
    return [Column(index, str(item["label"]), item["target_type"] == "agent") for index, item in enumerate(batch.targets)]


def matrix(*, batch: Batch, wanted: Wanted, start: int = 0, first_target: int = 0) -> Matrix:
    """Subjects from place `start` on by targets from `first_target` on. Three queries."""
    shown = _shown(batch, wanted, first_target)
    size = page_size(len(shown))
    found = _subjects(batch, wanted)
    count = found.count()
    subjects = list(found[start : start + size])
    cells = _cells(batch, [subject.index for subject in subjects], [column.index for column in shown])
    rows = [_row(subject, [cells.get((subject.index, column.index), Cell()) for column in shown]) for subject in subjects]
    following = start + len(subjects)
    return Matrix(shown, rows, count, start, following if following < count else None, len(batch.targets))


def looks_for_own(batch: Batch) -> bool:
    """Whether its answers are searched for a brand of the project's own. A query, for prompts alone, where the brands are deferred."""
    return batch.source_type == SourceType.PROMPTS and any(brand.get("is_own") for brand in batch.brands)


def page_size(targets: int) -> int:
    """How many subjects stand on a page of so many targets."""
    return max(min(MOST_SUBJECTS, MOST_CELLS // max(targets, 1)), 1)


def _shown(batch: Batch, wanted: Wanted, first: int) -> list[Column]:
    if wanted.target is not None:
        return [column for column in columns(batch) if column.index == wanted.target]
    return columns(batch)[first : first + MOST_TARGETS]


def _subjects(batch: Batch, wanted: Wanted) -> "QuerySet[BatchSubject]":
    """Those that have a child that is looked at."""
    found = BatchSubject.objects.filter(batch=batch).order_by("index").defer("snapshot")
    if wanted.text:
        found = found.filter(label__icontains=wanted.text)
    if wanted.group:
        found = found.filter(group_id=wanted.group)
    if wanted.subject is not None:
        found = found.filter(index=wanted.subject)
    if wanted.failures or wanted.reason:
        among = Trial.objects.filter(batch=batch, subject_index=OuterRef("index"))
        found = found.filter(Exists(wanted.of(among)))
    return found


def _cells(batch: Batch, subjects: Sequence[int], targets: Sequence[int]) -> dict[tuple[int, int], Cell]:
    trials = Trial.objects.filter(batch=batch, subject_index__in=subjects, target_index__in=targets).order_by()
    counted = {f"open_{status}": Count("pk", filter=Q(passed=None, run__status=status)) for status in OPEN}
    grouped = trials.values("subject_index", "target_index").annotate(
        n=Count("pk"),
        passed_n=Count("pk", filter=Q(passed=True)),
        failed_n=Count("pk", filter=Q(passed=False)),
        mean=Avg("score"),
        named_n=Count("pk", filter=Q(own_mentions__gt=0)),
        rank=Avg("own_rank"),
        **counted,
    )
    return {(row["subject_index"], row["target_index"]): _cell(row) for row in grouped}


def _cell(row: Mapping[str, Any]) -> Cell:
    open_by_status: dict[str, int] = {status: row[f"open_{status}"] for status in OPEN}
    return Cell(row["n"], row["passed_n"], row["failed_n"], row["mean"], open_by_status, row["named_n"], row["rank"])


def _row(subject: BatchSubject, cells: Sequence[Cell]) -> Row:
    return Row(subject, cells, rate_of(sum(cell.passed for cell in cells), sum(cell.decided for cell in cells)))


def children(*, batch: Batch, wanted: Wanted, size: int, after: int | None = None) -> tuple[list[Trial], bool]:
    """Trials in the order of the batch after a position, with what a list shows of their runs, and whether more follow. One query."""
    found = wanted.of(Trial.objects.filter(batch=batch)).select_related("run").only(*LISTED).order_by("position")
    if after is not None:
        found = found.filter(position__gt=after)
    rows = list(found[: size + 1])
    return rows[:size], len(rows) > size


def reasons(*, batch: Batch, wanted: Wanted) -> list[tuple[str, int]]:
    """Why children failed, each by its weightiest reason, and how many: the commonest first; "" where none is known. One query."""
    open_to_all = Wanted(failures=True, target=wanted.target, subject=wanted.subject, group=wanted.group, text=wanted.text)
    found = open_to_all.of(Trial.objects.filter(batch=batch)).annotate(why=WHY).order_by().values_list("why").annotate(n=Count("pk"))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def groups(batch: Batch) -> list[tuple[uuid.UUID, str]]:
    """The topics or categories of its subjects, by name. One query."""
    found = BatchSubject.objects.filter(batch=batch, group_id__isnull=False).order_by().values_list("group_id", "group").distinct()
    return sorted(((key, name) for key, name in found if key), key=lambda pair: (pair[1], str(pair[0])))
