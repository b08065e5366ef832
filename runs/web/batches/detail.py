"""What the page of one batch shows: its head, its failures, its matrix and its tables. Made from runs.batches; reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from runs import workload
from runs.batches import matrix as children
from runs.batches import reading
from runs.batches.matrix import Cell, Column, Matrix
from runs.batches.ordered import Place, ordered, place_of, read_place, write_place
from runs.batches.reading import Figures, States
from runs.models import Batch, Trial
from runs.states import Status
from runs.web.batches.filters import ChildFilters, ChildListFilters
from runs.web.batches.naming import LATENCY_OF, NOUNS
from runs.web.batches.paging import number
from runs.web.batches.summary import summary
from templates_app.models import SourceType
from templates_app.reasons import meaning

FIRST_FAILURES = 8
CHILDREN = 50
TOLD_FROM = 5  # children that are over, before their pace says anything about the rest
STAGES = {
    Status.PENDING: "waits for a worker",
    Status.RUNNING: "children are asked",
    Status.SUMMARIZING: "the summary is worked out",
}


@dataclass(frozen=True, slots=True)
class Head:
    """Where a batch stands. `elapsed` and `remaining` are seconds, the latter None while it cannot be told."""

    batch: Batch
    states: States
    figures: Figures
    elapsed: float | None
    remaining: float | None
    is_unattended: bool = False  # it should go on, and no worker is there

    @property
    def stage(self) -> str:
        if self.batch.is_active and self.batch.cancel_requested_at:
            return "its children are being cancelled"
        if self.batch.status == Status.RUNNING and self.batch.dispatched < self.batch.total:
            return f"children are made: {self.batch.dispatched:,} of {self.batch.total:,}"
        return STAGES.get(Status(self.batch.status), "")

    @property
    def since(self) -> Any:
        """The moment that lies `elapsed` before now, while the clock runs."""
        return timezone.now() - timedelta(seconds=self.elapsed) if self.batch.is_active and self.elapsed is not None else None


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason of the closed vocabulary, how many failed children have it as their weightiest, and the way to them alone."""

    key: str
    words: str
    meaning: str
    count: int
    href: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Child:
    """A trial as a row. `profile` is "" where there is none."""

    trial: Trial
    target: str
    profile: str
    reasons: Sequence[tuple[str, str]]

    @property
    def state(self) -> str:
        """As of a cell: passed, failed, or how its run stands."""
        if self.trial.passed is not None:
            return "passed" if self.trial.passed else "failed"
        status = self.trial.run.status
        return "answered" if status == Status.COMPLETED else "error" if status == Status.FAILED else status

    @property
    def said(self) -> str:
        return SAID[self.state]

    @property
    def latency(self) -> float | None:
        """Seconds."""
        return None if self.trial.latency_ms is None else self.trial.latency_ms / 1000


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell of the matrix as it is drawn: `heat` is 0 (nothing) to 5, `said` what a screen reader hears."""

    href: str
    state: str
    heat: int
    shown: str
    said: str


def head(batch: Batch) -> Head:
    """Three queries, and one more while it goes on."""
    states, figures = reading.states([batch])[batch.pk], reading.figures([batch])[batch.pk]
    end = batch.completed_at or timezone.now()
    elapsed = (end - batch.started_at).total_seconds() if batch.started_at else None
    is_unattended = batch.is_active and not workload.worker_is_seen()
    return Head(batch, states, figures, elapsed, _remaining(batch, states, elapsed), is_unattended)


def _remaining(batch: Batch, states: States, elapsed: float | None) -> float | None:
    if batch.status != Status.RUNNING or not elapsed or states.done < TOLD_FROM:
        return None
    return elapsed / states.done * (states.total - states.done)


def results(batch: Batch, query: QueryDict) -> dict[str, Any]:
    """Failures first, then the matrix. Six queries, however many children there are."""
    filters = ChildFilters(query, batch)
    wanted = filters.wanted
    failing = children.Wanted(
        failures=True, reason=wanted.reason, target=wanted.target, subject=wanted.subject, group=wanted.group, text=wanted.text
    )
    failed, more = children.children(batch=batch, wanted=failing, size=FIRST_FAILURES)
    found = children.matrix(batch=batch, wanted=wanted, start=number(query, "from"), first_target=number(query, "targets"))
    reasons = _reasons(batch, filters)
    names_own = children.looks_for_own(batch)
    return {
        "batch": batch,
        "title": batch.title,
        "noun": NOUNS[SourceType(batch.source_type)],
        "latency_of": LATENCY_OF[SourceType(batch.source_type)],
        "filters": filters,
        "here": f"{reverse('batch', args=[batch.pk])}?{query.urlencode()}",
        "reasons": reasons,
        "failed": [_child(batch, trial) for trial in failed],
        "failed_count": sum(reason.count for reason in reasons if not wanted.reason or reason.is_chosen),
        "failed_href": child_href(batch, filters.query_with(failures="1")) if more else "",
        "table": found,
        "rows": [
            (row, [_shown(batch, row.subject.index, *pair, names_own) for pair in zip(row.cells, found.columns, strict=True)])
            for row in found.rows
        ],
        "names_own": names_own,
        "has_rates": batch.source_type != SourceType.PROMPTS or any(row.rate for row in found.rows),
        "summary": summary(batch) if filters.wanted.filters_nothing else None,
        **_turning(batch, filters, found),
    }


def children_list(batch: Batch, query: QueryDict) -> dict[str, Any]:
    """Children that the filters leave, in the order that the address asks for. Three queries."""
    filters = ChildListFilters(query, batch)
    found, following = _listed(batch, filters, query)
    return {
        "batch": batch,
        "title": batch.title,
        "noun": NOUNS[SourceType(batch.source_type)],
        "filters": filters,
        "children": [_child(batch, trial) for trial in found],
        "more_href": _with(child_href(batch, filters.query), after=following) if following else "",
        "exports": [(form, f"{reverse('batch-export', args=[batch.pk, form])}?{filters.query}") for form in ("csv", "jsonl")],
    }


def _listed(batch: Batch, filters: ChildListFilters, query: QueryDict) -> tuple[list[Trial], str]:
    """Children of a page, and where the next page begins, "" at the end. Raises SuspiciousOperation for a broken place."""
    order = filters.order
    if order is None:
        found, more = children.children(batch=batch, wanted=filters.wanted, size=CHILDREN, after=number(query, "after", missing=-1))
        return found, str(found[-1].position) if more else ""
    found, more = ordered(batch=batch, wanted=filters.wanted, order=order, size=CHILDREN, after=_place(query.get("after", "")))
    return found, write_place(place_of(found[-1], order)) if more else ""


def _place(text: str) -> Place | None:
    try:
        return read_place(text) if text else None
    except ValueError:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def child_href(batch: Batch, query: str) -> str:
    address = reverse("batch-children", args=[batch.pk])
    return f"{address}?{query}" if query else address


def _reasons(batch: Batch, filters: ChildFilters) -> list[Reason]:
    wanted = filters.wanted
    return [
        Reason(
            key,
            key.replace("_", " ") or "without a reason",
            meaning(key) if key else "The run ended without an answer to look at; its page says why.",
            count,
            f"?{filters.query_with(reason='' if key == wanted.reason else key)}" if key else "",
            bool(key) and key == wanted.reason,
        )
        for key, count in children.reasons(batch=batch, wanted=wanted)
    ]


def _child(batch: Batch, trial: Trial) -> Child:
    profile = batch.profiles[trial.profile_index] if trial.profile_index is not None else None
    words = [(reason.replace("_", " "), meaning(reason)) for reason in trial.failure_reasons]
    return Child(trial, str(batch.targets[trial.target_index]["label"]), str(profile["name"]) if profile else "", words)


def _shown(batch: Batch, subject: int, cell: Cell, column: Column, names_own: bool) -> ShownCell:
    href = reverse("batch-cell", args=[batch.pk, subject, column.index]) if cell.n else ""
    if names_own and cell.state == "answered":
        return _naming(cell, href)
    state = "error" if cell.state == Status.FAILED and not cell.decided else cell.state
    said = SAID[state]
    shown = f"{cell.passed}/{cell.decided}" if cell.decided > 1 else SHORT[state]
    if cell.score is not None:
        shown = f"{cell.score:.0f}" if cell.n == 1 else f"{cell.score:.0f} · {shown}" if cell.decided else f"{cell.score:.0f}"
    if cell.n > 1:
        said = f"{said}, {cell.passed} of {cell.n} passed" if cell.decided else f"{said}, {cell.n} children"
    return ShownCell(href, state, _heat(cell), shown, said)


def _naming(cell: Cell, href: str) -> ShownCell:
    """Of answers that nobody judges: whether they name our brand, and at which place. Not naming it is no mistake, and never red."""
    if not cell.named:
        return ShownCell(href, "unnamed", 0, "not named", SAID["unnamed"])
    said = f"named in {cell.named} of {cell.n}" if cell.n > 1 else "named"
    place = f"rank {cell.rank:.1f}".removesuffix(".0") if cell.rank is not None else ""
    shown = ", ".join(filter(None, (said, place)))
    return ShownCell(href, "named", 5 if cell.named == cell.n else 4, shown, shown)


def _heat(cell: Cell) -> int:
    """A fifth of the scale. A failure has a score too, such as four of five checks, and must not look like what passed; nor the reverse."""
    if cell.value is None:
        return 0
    fifth = min(int(cell.value // 20), 4) + 1
    return min(fifth, 2) if cell.state == "failed" else max(fifth, 3) if cell.state == "passed" else fifth


SAID = {
    "passed": "passed",
    "failed": "failed",
    "mixed": "some passed",
    "answered": "answered",
    "named": "our brand is named",
    "unnamed": "our brand is not named",
    "running": "running",
    "pending": "queued",
    "error": "no result",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
    "": "not asked",
}
SHORT = SAID | {"passed": "pass", "failed": "fail", "mixed": "mixed", "": ""}


def _turning(batch: Batch, filters: ChildFilters, found: Matrix) -> dict[str, str]:
    """The addresses of the neighbouring pages of the matrix, down and across; "" where there is none."""
    down, across = number(filters.given, "from"), number(filters.given, "targets")
    base = f"{reverse('batch', args=[batch.pk])}?{filters.query}"
    step = children.page_size(len(found.columns))
    last = found.columns[-1].index + 1 if found.columns else 0
    whole = filters.wanted.target is None
    return {
        "earlier_href": _with(base, **{"from": max(down - step, 0), "targets": across}) if down else "",
        "later_href": _with(base, **{"from": found.next, "targets": across}) if found.next is not None else "",
        "left_href": _with(base, **{"from": down, "targets": max(across - children.MOST_TARGETS, 0)}) if across and whole else "",
        "right_href": _with(base, **{"from": down, "targets": last}) if whole and last < found.targets else "",
    }


def _with(address: str, **places: int | str) -> str:
    told = "&".join(f"{name}={value}" for name, value in places.items() if value)
    return address + (("" if address.endswith("?") else "&" if "?" in address else "?") + told if told else "")
