"""The children of one batch as a list: in the order of the batch, or by what they came to. A page is a range of one index."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from runs.batches.matrix import LISTED, Wanted
from runs.models import Batch, Trial

MOST_POSITION = 10**9


@dataclass(frozen=True, slots=True)
class Order:
    """A column of the trial that has an index with the batch. Children without a value have no place in it."""

    label: str
    column: str
    descending: bool


ORDERS: Mapping[str, Order] = {
    "best": Order("Best score first", "score", True),
    "worst": Order("Worst score first", "score", False),
    "slowest": Order("Slowest first", "latency_ms", True),
    "fastest": Order("Fastest first", "latency_ms", False),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a child stands in an order. `value` is that of the order's column."""

    value: float
    position: int


def ordered(*, batch: Batch, wanted: Wanted, order: Order, size: int, after: Place | None = None) -> tuple[list[Trial], bool]:
    """Trials after a place, with what a list shows of their runs, and whether more follow. One query."""
    found = wanted.of(Trial.objects.filter(batch=batch, **{f"{order.column}__isnull": False}))
    if after:
        found = found.filter(_behind(order, after))
    sign = "-" if order.descending else ""
    rows = list(found.select_related("run").only(*LISTED).order_by(f"{sign}{order.column}", f"{sign}position")[: size + 1])
    return rows[:size], len(rows) > size


def place_of(trial: Trial, order: Order) -> Place:
    return Place(getattr(trial, order.column), trial.position)


def write_place(place: Place) -> str:
    """As it stands in an address."""
    return f"{place.value!r}~{place.position}"


def read_place(text: str) -> Place:
    """Raises ValueError for what is no place."""
    value, _, position = text.partition("~")
    place = Place(float(value), int(position))
    if not (math.isfinite(place.value) and 0 <= place.position < MOST_POSITION):
        raise ValueError("no child has such a place")
    return place


def _behind(order: Order, place: Place) -> Q:
    """The first condition bounds the range of the index; the other leaves out what has been shown of equal values."""
    side = "lt" if order.descending else "gt"
    equal = Q(**{order.column: place.value, f"position__{side}": place.position})
    return Q(**{f"{order.column}__{side}e": place.value}) & (Q(**{f"{order.column}__{side}": place.value}) | equal)
