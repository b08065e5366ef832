"""The rows of categories in the editor's form: what was typed into them, and what its buttons do with them without a script.

The fields carry the same names in every row (`category_label`, …): their order is that of the rows, so moving one renumbers nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from django.http import QueryDict

FIELDS = ("label", "key", "prompt_instructions", "weight")
PREFIX = "category_"
MOST_ROWS = 50
Row = dict[str, str]
EMPTY: Row = {"label": "", "key": "", "prompt_instructions": "", "weight": "1"}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows after a button. `said` is what happened, in words; `removed` can be put back by `undo`."""

    rows: Sequence[Row]
    said: str = ""
    removed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def removed_json(self) -> str:
        return json.dumps(self.removed) if self.removed else ""


def rows_typed(data: QueryDict) -> list[Row]:
    """The rows as they were sent, one more than allowed at most."""
    columns = [data.getlist(PREFIX + name) for name in FIELDS]
    return [dict(zip(FIELDS, values, strict=True)) for values in zip_longest(*columns, fillvalue="")][: MOST_ROWS + 1]


def rows_after(data: QueryDict) -> Rows:
    """What the button `op` makes of the rows: add, up:2, down:2, remove:2 or undo. An unknown one changes nothing."""
    rows = rows_typed(data)
    act, _, place = data.get("op", "").partition(":")
    if act == "add":
        return Rows([*rows, dict(EMPTY)], f"Category {len(rows) + 1} added.") if len(rows) < MOST_ROWS else Rows(rows)
    if act == "undo":
        return _put_back(rows, data.get("removed", ""))
    if not place.isdecimal() or len(place) > 3 or int(place) >= len(rows):
        return Rows(rows)
    number = int(place)
    return _removed(rows, number) if act == "remove" else _moved(rows, number, -1 if act == "up" else 1)


def _name(row: Row, number: int) -> str:
    return f"“{row['label'].strip()}”" if row["label"].strip() else f"Category {number + 1}"


def _removed(rows: list[Row], number: int) -> Rows:
    row = rows[number]
    return Rows([*rows[:number], *rows[number + 1 :]], f"{_name(row, number)} removed.", {"at": number, "row": row})


def _moved(rows: list[Row], number: int, step: int) -> Rows:
    other = number + step
    if not 0 <= other < len(rows):
        return Rows(rows)
    rows[number], rows[other] = rows[other], rows[number]
    return Rows(rows, f"{_name(rows[other], number)} is now {other + 1} of {len(rows)}.")


def _put_back(rows: list[Row], removed: str) -> Rows:
    """The page sends back what it was given; anything else is left alone."""
    try:
        told = json.loads(removed)
        row = {name: str(told["row"][name]) for name in FIELDS}
        at = min(max(int(told["at"]), 0), len(rows))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Rows(rows)
    return Rows([*rows[:at], row, *rows[at:]], f"{_name(row, at)} is back.")
