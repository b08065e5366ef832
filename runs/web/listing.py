"""The list of runs as its page shows it: filters in the URL, keyset pages, table bodies that ask for themselves again. For `views` only."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.core.exceptions import SuspiciousOperation
from django.db.models import Q
from django.db.models.fields.json import KT
from django.urls import reverse

from evalhub.accounts.models import Project
from evalhub.common.paging import Keyset
from runs import selectors
from runs.models import EvalRun, RunQuerySet
from runs.states import Status

PAGE_SIZE = 30
POLLED_AT_MOST = 200
FILTERS = [status for status in Status if status != Status.SUMMARIZING]  # summarizing belongs to batches


@dataclass(frozen=True, slots=True)
class Filter:
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Rows between two places of the list. `poll_href` asks for the same stretch again, `more_href` for the next ("" at the end)."""

    runs: Sequence[EvalRun]
    status: str
    after: str
    more: bool

    @property
    def active(self) -> bool:
        return any(run.is_active for run in self.runs)

    @property
    def first_href(self) -> str:
        return href(status=self.status)

    @property
    def more_href(self) -> str:
        return href(status=self.status, after=place_of(self.runs[-1])) if self.more else ""

    @property
    def poll_href(self) -> str:
        return href(status=self.status, after=self.after, until=place_of(self.runs[-1]))


def run_page(*, project: Project, status: str = "", after: str = "", until: str = "") -> Page:
    """The runs after a place; with `until`, those down to it and no further. One query. Raises SuspiciousOperation for a broken place."""
    wanted = status if status in FILTERS else ""
    runs = selectors.run_list(project=project, status=wanted).annotate(template_name=KT("template_snapshot__name"))
    size = PAGE_SIZE
    if until:
        # A table body that polls keeps its stretch, so that a new run pushes nothing out between two bodies.
        runs, size = _down_to(runs, _place(until)), POLLED_AT_MOST
    found, more = selectors.run_page(runs=runs, size=size, after=_place(after) if after else None)
    return Page(found, wanted, after, more and not until)


def _down_to(runs: RunQuerySet, place: Keyset) -> RunQuerySet:
    created_at, run_id = place
    return runs.filter(Q(created_at__gt=created_at) | Q(created_at=created_at, id__gte=run_id))


def place_of(run: EvalRun) -> str:
    """Where a run stands in the list, as it is written in an address."""
    return f"{run.created_at.isoformat()}~{run.id}"


def _place(text: str) -> Keyset:
    moment, _, run_id = text.partition("~")
    try:
        created_at = datetime.fromisoformat(moment)
        if created_at.tzinfo is None:
            raise ValueError("a time without a zone")
        # Into UTC here, not in the query: year 1 in an eastern zone is before all time and overflows.
        return created_at.astimezone(UTC), uuid.UUID(run_id)
    except (ValueError, OverflowError):
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def href(**query: str) -> str:
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse('run-list')}?{given}" if given else reverse("run-list")


def filters(current: str) -> list[Filter]:
    """All, then a link a status."""
    return [Filter("All", href(), not current)] + [Filter(status.value, href(status=status.value), status == current) for status in FILTERS]
