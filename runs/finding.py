"""Which runs a list shows: filters, orders and search over `runs.listed`, by place, at a cost that does not grow with history.

An order and the first filter are an index; the other filters are asked of the entries it yields, of at most LOOK_AT of them a page. Where
that is not enough to fill a page, the page says how far it looked, and the next goes on from there. Pages and exports call it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.lookups import Exact, GreaterThanOrEqual, In, LessThan, LessThanOrEqual

from evalhub.accounts.models import Project
from runs.listed import search
from runs.listed.names import TABLE
from runs.listed.rows import Listed
from runs.models import EvalRun

LOOK_AT = 1_000
Key = datetime | float | int
Rows = QuerySet[Listed]


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted. `only` says which runs have no place in it."""

    label: str
    column: str = "created_at"
    descending: bool = True
    only: str = ""


SCORED = "Only runs that have a score are in this order."
COSTED = "Only runs that are over and whose price is known are in this order."
TIMED = "Only runs that are over are in this order."
NEWEST = "newest"
ORDERS = {
    NEWEST: Order("Newest first"),
    "oldest": Order("Oldest first", descending=False),
    "best": Order("Highest score", "score", only=SCORED),
    "worst": Order("Lowest score", "score", descending=False, only=SCORED),
    "costliest": Order("Highest cost", "cost", only=COSTED),
    "cheapest": Order("Lowest cost", "cost", descending=False, only=COSTED),
    "longest": Order("Longest", "seconds", only=TIMED),
    "shortest": Order("Shortest", "seconds", descending=False, only=TIMED),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands in a list: its value in the order (the row's number, when words are searched for), then its id."""

    key: Key
    run_id: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is to show. What is empty filters nothing. `before` is the end of a span of time, not in it."""

    status: str = ""
    kind: str = ""
    agent_id: uuid.UUID | None = None
    template_id: uuid.UUID | None = None
    adaptation_template_id: uuid.UUID | None = None
    score_min: float | None = None
    score_max: float | None = None
    since: datetime | None = None
    before: datetime | None = None
    text: str = ""
    sort: str = NEWEST
    group: uuid.UUID | None = None  # the repeats of one scenario

    @property
    def order(self) -> Order:
        return ORDERS[self.sort]

    @property
    def by_match(self) -> bool:
        """Whether places are the numbers of matching rows: the newest matches, page after page."""
        return bool(self.text) and self.sort == NEWEST

    @property
    def filters_nothing(self) -> bool:
        return self == Wanted(sort=self.sort)


@dataclass(frozen=True, slots=True)
class Found:
    """A page: places in order, the place to go on after (None at the end), and whether it was looked at in part only.

    `cut` says that only the newest LOOK_AT matches of a search were sorted.
    """

    places: Sequence[Place]
    next: Place | None = None
    looked_short: bool = False
    cut: bool = False


class _Checked(Func):
    """A column that is checked and not searched by: SQLite, which has no statistics, would walk its index through all of history."""

    function = ""
    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="+%(expressions)s", **context)


def find(*, project: Project, wanted: Wanted, size: int, after: Place | None = None, until: Place | None = None) -> Found:
    """At most `size` runs after a place; with `until`, those down to it. At most two queries, one more for a search."""
    if wanted.by_match:
        return _matching(project, wanted, size, after, until)
    rows, cut = Listed.objects.filter(project_id=project.pk), False
    together = _together(project, wanted)
    if together is not None:
        # They are few, and no index is to be taken for the order, as with the matches below.
        rows = Listed.objects.filter(run_id__in=together)
    if wanted.text:
        ids = _matches(project, wanted, None, LOOK_AT + 1)
        # Matches are of the project. Without it no index can be taken for the order, which would be walked through all of history.
        found_by_words = Listed.objects.filter(id__in=ids[:LOOK_AT])
        rows, cut = found_by_words if together is None else found_by_words.filter(run_id__in=together), len(ids) > LOOK_AT
    rows, checks = _sought(rows, wanted)
    rows = _between(rows, wanted.order, after, until)
    last = None
    if checks and not wanted.text and together is None:
        rows, last = _bounded(rows, wanted.order)
    found = _page(rows.filter(*checks), wanted.order.column, size)
    if found.next is None and last is not None:
        return Found(found.places, last, looked_short=True)
    return Found(found.places, found.next, cut=cut)


def _matching(project: Project, wanted: Wanted, size: int, after: Place | None, until: Place | None) -> Found:
    """The newest rows with the words. Filters are asked of as many as are looked at."""
    checks, together = _checks(wanted), _together(project, wanted)
    if together is not None:
        checks.append(In(F("run_id"), together))
    most = LOOK_AT if checks else size
    ids = _matches(project, wanted, int(after.key) if after and not isinstance(after.key, datetime) else None, most + 1)
    if until and not isinstance(until.key, datetime):
        ids = [key for key in ids if key >= until.key]
    rows = Listed.objects.filter(*checks, id__in=ids[:most]).order_by("-id")
    found = _page(rows, "id", size)
    if found.next is None and len(ids) > most:
        return Found(found.places, Place(ids[most - 1], uuid.UUID(int=0)), looked_short=bool(checks))
    return found


def _together(project: Project, wanted: Wanted) -> list[uuid.UUID] | None:
    """The repeats of a scenario, which a form makes a hundred of at most; None where no scenario is asked for. One query, of an index."""
    if wanted.group is None:
        return None
    return list(EvalRun.objects.filter(project=project, scenario_id=wanted.group).order_by().values_list("pk", flat=True)[:LOOK_AT])


def _matches(project: Project, wanted: Wanted, below: int | None, size: int) -> list[int]:
    return search.matches(project_id=project.pk, wanted=search.phrases(wanted.text), below=below, size=size)


def _page(rows: Rows, column: str, size: int) -> Found:
    found = [Place(key, run_id) for key, run_id in rows.values_list(column, "run_id")[: size + 1]]
    return Found(found[:size], found[size - 1] if len(found) > size else None)


def _sought(rows: Rows, wanted: Wanted) -> tuple[Rows, list[Any]]:
    """The rows that an index yields in order, and what is left to check of each."""
    order = wanted.order
    if order.column != "created_at":
        low, high = (wanted.score_min, wanted.score_max) if order.column == "score" else (None, None)
        return _spanned(rows, order.column, low, high), _checks(wanted, but={order.column})
    rows = _spanned(rows, "created_at", wanted.since, wanted.before, open_end=True)
    named = next((name for name in ("agent_id", "template_id", "adaptation_template_id", "status", "kind") if getattr(wanted, name)), "")
    if named:
        rows = rows.filter(**{named: getattr(wanted, named)})
    return rows, _checks(wanted, but={named, "created_at"})


def _spanned(rows: Rows, column: str, low: Any, high: Any, *, open_end: bool = False) -> Rows:
    if column != "created_at":
        rows = rows.filter(**{f"{column}__isnull": False})
    if low is not None:
        rows = rows.filter(**{f"{column}__gte": low})
    return rows.filter(**{f"{column}__{'lt' if open_end else 'lte'}": high}) if high is not None else rows


def _checks(wanted: Wanted, but: set[str] = frozenset()) -> list[Any]:  # type: ignore[assignment]
    """The filters as conditions that no index is taken for, but those of the columns named."""
    equal = ("status", "kind", "agent_id", "template_id", "adaptation_template_id")
    checks: list[Any] = [Exact(_Checked(F(name)), getattr(wanted, name)) for name in equal if name not in but and getattr(wanted, name)]
    spans = (
        ("score", GreaterThanOrEqual, wanted.score_min),
        ("score", LessThanOrEqual, wanted.score_max),
        ("created_at", GreaterThanOrEqual, wanted.since),
        ("created_at", LessThan, wanted.before),
    )
    return checks + [lookup(_Checked(F(name)), value) for name, lookup, value in spans if value is not None and name not in but]


def _between(rows: Rows, order: Order, after: Place | None, until: Place | None) -> Rows:
    """In order, what comes after a place and down to another."""
    column, sign = order.column, "-" if order.descending else ""
    if after:
        rows = rows.filter(_compared(column, "<" if order.descending else ">", after))
    if until:
        rows = rows.filter(_compared(column, ">=" if order.descending else "<=", until))
    return rows.order_by(f"{sign}{column}", f"{sign}run_id")


def _compared(column: str, sign: str, place: Place) -> RawSQL:
    """As a pair, which an index finds at once: an OR of the two would walk through all runs that cost the same."""
    told: dict[str, Any] = {column: place.key, "run_id": place.run_id}
    fields = {field.name: field for field in Listed._meta.concrete_fields}
    values = [fields[name].get_db_prep_value(value, connection) for name, value in told.items()]
    sql = f"({TABLE}.{column}, {TABLE}.run_id) {sign} (%s, %s)"
    return RawSQL(sql, values, output_field=BooleanField())  # noqa: S611  names of our own columns


def _bounded(rows: Rows, order: Order) -> tuple[Rows, Place | None]:
    """The first LOOK_AT of the rows, and the last of them; None where there are no more than these."""
    edge = list(rows.values_list(order.column, "run_id")[LOOK_AT - 1 : LOOK_AT + 1])
    if len(edge) < 2:
        return rows, None
    last = Place(*edge[0])
    return _between(rows, order, None, last), last


MOST_COUNTED = 100


def newest(project: Project) -> uuid.UUID | None:
    """The project's newest run. One query."""
    ids = Listed.objects.filter(project_id=project.pk).order_by("-created_at", "-run_id").values_list("run_id", flat=True)
    return ids.first()


def came_since(*, project: Project, wanted: Wanted, since: datetime) -> int:
    """How many runs were created after a moment that the filters leave, 100 at most. One query; the words of a search are not asked for."""
    if wanted.group:
        return 0  # repeats are made at once
    rows = Listed.objects.filter(project_id=project.pk, created_at__gt=since)
    return rows.filter(*_checks(wanted)).order_by("created_at", "run_id")[:MOST_COUNTED].count()
