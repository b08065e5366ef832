"""The list of runs as its page shows it: keyset pages of what the filters ask for, and the addresses that lead from one to another."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict
from django.urls import reverse

from evalhub.accounts.models import Project
from runs.excerpts import excerpts
from runs.filters import RunFilters, Tag
from runs.finding import NEWEST, ORDERS, Found, Key, Place, Wanted, find
from runs.live.rows import Row, rows, runs_of
from runs.models import EvalRun

PAGE_SIZE = 30
POLLED_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Rows between two places of the list. `poll_href` asks for the same stretch again, `more_href` for the next ("" at the end)."""

    filters: RunFilters
    rows: Sequence[Row]
    found: Found
    after: str
    until: str

    @property
    def runs(self) -> list[EvalRun]:
        return [row.run for row in self.rows]

    @property
    def tags(self) -> list[Tag]:
        return list(self.filters.tags)

    @property
    def wanted(self) -> Wanted:
        return self.filters.wanted

    @property
    def active(self) -> bool:
        return any(run.is_active for run in self.runs)

    @property
    def first_href(self) -> str:
        return href(self.filters.query)

    @property
    def clear_href(self) -> str:
        """Without filters, in the same order."""
        return href("" if self.wanted.sort == NEWEST else f"sort={self.wanted.sort}")

    @property
    def more_href(self) -> str:
        return href(self.filters.query, after=write_place(self.found.next)) if self.found.next and not self.until else ""

    @property
    def poll_href(self) -> str:
        return (
            href(self.filters.query, after=self.after, until=write_place(self.found.places[-1])) if self.found.places else self.first_href
        )

    @property
    def heads(self) -> list["Head"]:
        return [_head(self, *column) for column in COLUMNS]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column. `href` sorts by it, and the other way round where it is sorted by already; "" where it cannot be."""

    label: str
    css: str
    href: str = ""
    sorted: str = ""


# Label, style, and the two orders: what is asked for most comes first.
COLUMNS = (
    ("Run", "", "", ""),
    ("Status", "", "", ""),
    ("Score", "figure", "best", "worst"),
    ("Adaptation", "figure wide", "", ""),
    ("Turns", "figure wide", "", ""),
    ("Cost", "figure wide", "costliest", "cheapest"),
    ("Time", "figure wide", "longest", "shortest"),
    ("Created", "wide", "newest", "oldest"),
)


def _head(page: Page, label: str, css: str, first: str, second: str) -> Head:
    if not first:
        return Head(label, css)
    now = page.wanted.sort
    following = second if now == first else first
    direction = "" if now not in (first, second) else "descending" if ORDERS[now].descending else "ascending"
    return Head(label, css, href(page.filters.query_with(sort=following)), direction)


def run_page(*, project: Project, query: QueryDict) -> Page:
    """The runs that an address asks for. Raises SuspiciousOperation for a broken place."""
    filters, after, until = RunFilters(query, project), query.get("after", ""), query.get("until", "")
    wanted = filters.wanted
    # A table body that polls keeps its stretch, so that a new run pushes nothing out between two bodies.
    size = POLLED_AT_MOST if until else PAGE_SIZE
    found = find(project=project, wanted=wanted, size=size, after=_place(after, wanted), until=_place(until, wanted))
    runs = runs_of(project, [place.run_id for place in found.places])
    return Page(filters, rows(runs, excerpts(runs=runs, text=wanted.text)), found, after, until)


def write_place(place: Place) -> str:
    """Where a run stands in the list, as it is written in an address."""
    key = place.key.isoformat() if isinstance(place.key, datetime) else repr(place.key)
    return f"{key}~{place.run_id}"


def _place(text: str, wanted: Wanted) -> Place | None:
    if not text:
        return None
    key, _, run_id = text.partition("~")
    try:
        return Place(_key(key, wanted), uuid.UUID(run_id))
    except (ValueError, OverflowError):
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def _key(text: str, wanted: Wanted) -> Key:
    if wanted.by_match:
        number = int(text)
        if abs(number) >= 1 << 63 or len(text) > 19:
            raise ValueError("no row has such a number")
        return number
    if wanted.order.column != "created_at":
        value = float(text)
        if value != value or abs(value) == float("inf"):
            raise ValueError("no number to sort by")
        return value
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    # Into UTC here, not in the query: year 1 in an eastern zone is before all time and overflows.
    return moment.astimezone(UTC)


def href(query: str, **places: str) -> str:
    told = QueryDict(query, mutable=True)
    for name, value in places.items():
        if value:
            told[name] = value
    return f"{reverse('run-list')}?{told.urlencode(safe='~:')}" if told else reverse("run-list")
