"""The list of batches as its page shows it: keyset pages of what the filters ask for, each row with states, rate and cost."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.common.paging import Keyset, read_cursor, write_cursor
from evalhub.common.problems import Problem
from runs.batches import reading
from runs.batches.reading import Figures, States
from runs.models import Batch
from runs.web.batches.filters import BatchFilters

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Row:
    """A batch with where its children are and what they came to. `elapsed` is seconds, None before it begins."""

    batch: Batch
    states: States
    figures: Figures
    elapsed: float | None
    since: datetime | None

    @property
    def title(self) -> str:
        return self.batch.title


@dataclass(frozen=True, slots=True)
class Page:
    """Rows after a place. `poll_href` asks for the same stretch again, `more_href` for the next ("" at the end)."""

    filters: BatchFilters
    rows: Sequence[Row]
    after: str
    more_href: str

    @property
    def active(self) -> bool:
        return any(row.batch.is_active for row in self.rows)

    @property
    def poll_href(self) -> str:
        return href(self.filters.query, after=self.after, part="rows")

    @property
    def first_href(self) -> str:
        return href(self.filters.query)


def batches_page(*, project: Project, query: QueryDict) -> Page:
    """What an address asks for. Raises SuspiciousOperation for a broken place. Six queries at most."""
    filters, after = BatchFilters(query, project), query.get("after", "")
    found, more = reading.batch_page(project=project, wanted=filters.wanted, size=PAGE_SIZE, after=_place(after))
    following = write_cursor(found[-1].created_at, found[-1].pk) if more else ""
    return Page(filters, rows(found), after, href(filters.query, after=following) if following else "")


def rows(batches: Sequence[Batch]) -> list[Row]:
    """Three queries."""
    if not batches:
        return []
    states, figures = reading.states(batches), reading.known_figures(batches)
    return [_row(batch, states, figures) for batch in batches]


def _row(batch: Batch, states: Mapping[uuid.UUID, States], figures: Mapping[uuid.UUID, Figures]) -> Row:
    end = batch.completed_at or timezone.now()
    elapsed = (end - batch.started_at).total_seconds() if batch.started_at else None
    return Row(batch, states[batch.pk], figures[batch.pk], elapsed, batch.started_at if batch.is_active else None)


def _place(text: str) -> Keyset | None:
    try:
        return read_cursor(text)
    except Problem:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def href(query: str, **places: str) -> str:
    told = QueryDict(query, mutable=True)
    for name, value in places.items():
        if value:
            told[name] = value
    return f"{reverse('batch-list')}?{told.urlencode()}" if told else reverse("batch-list")
