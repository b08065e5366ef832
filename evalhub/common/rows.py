"""Form fields for lists of texts: one item a line, or a row of inputs for each item that pages add to and take from.

A row has one named input a column, repeated; `RowsWidget` zips them. Rows without a word vanish, so that without a script an emptied row is
a removed one. `rows_changed` serves the buttons that add and remove while there is no script.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.http import QueryDict

BUTTON = "rows"  # its value is add:<field> or remove:<field>:<index>
_ORDER = re.compile(r"(add|remove):(\w{1,60})(?::(\d{1,4}))?")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """One input of every row. A hidden one is no word of the row: alone it keeps no row alive."""

    name: str
    label: str
    kind: str = "line"  # or "text", "secret" (never drawn with its value), "hidden"
    most: int = 2000


class LinesField(forms.CharField):
    """A list of texts, typed one a line."""

    def __init__(self, *, most: int = 100, length: int = 2000, **given: Any) -> None:
        self.most, self.length = most, length
        given.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(required=False, strip=False, **given)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(" ".join(str(item).split()) for item in value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        lines = [" ".join(line.split()) for line in (super().clean(value) or "").splitlines()]
        return checked([line for line in lines if line], self.most, self.length)


def checked(items: list[str], most: int, length: int) -> list[str]:
    """The items, if they are not too many and none is too long. Raises ValidationError."""
    if len(items) > most:
        raise forms.ValidationError(f"At most {most}; these are {len(items)}.")
    for number, item in enumerate(items, start=1):
        if len(item) > length:
            raise forms.ValidationError(f"Number {number} has {len(item):,} characters; at most {length:,} are kept.")
    return items


class RowsWidget(forms.Widget):
    template_name = "forms/rows.html"
    use_fieldset = True

    def __init__(self, columns: Sequence[Column], noun: str) -> None:
        super().__init__()
        self.columns, self.noun = columns, noun

    def id_for_label(self, id_: str) -> str:
        return ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Row]:
        given = [_listed(data, f"{name}_{column.name}") for column in self.columns]
        longest = max(map(len, given), default=0)
        padded = [values + [""] * (longest - len(values)) for values in given]
        return [dict(zip((column.name for column in self.columns), row, strict=True)) for row in zip(*padded, strict=True)]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = value if isinstance(value, list) else []
        drawn = [self._drawn(name, number, row) for number, row in enumerate(rows)]
        key = f"{name}_{self.columns[0].name}"  # static/js/draft.js counts a draft's rows by it
        return context | {"rows": drawn, "blank": self._drawn(name, -1, {}), "noun": self.noun, "button": BUTTON, "key": key}

    def _drawn(self, name: str, number: int, row: Mapping[str, str]) -> dict[str, Any]:
        label = f"{self.noun} {number + 1}" if number >= 0 else self.noun
        inputs = [
            {"name": f"{name}_{column.name}", "label": f"{label}: {column.label}" if column.label else label, "placeholder": column.label}
            | {"kind": column.kind, "most": column.most, "value": row.get(column.name, "")}
            for column in self.columns
        ]
        return {"inputs": inputs, "label": label, "remove": f"remove:{name}:{number}"}


class RowsField(forms.Field):
    """A list of rows, each {column: text}; those without a word are left out."""

    widget: RowsWidget

    def __init__(self, columns: Sequence[Column], *, noun: str, most: int, **given: Any) -> None:
        self.columns, self.most = columns, most
        super().__init__(required=False, widget=RowsWidget(columns, noun), **given)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        only = self.columns[0].name
        return [row if isinstance(row, dict) else {only: str(row)} for row in value]

    def clean(self, value: list[Row]) -> list[Row]:
        stripped = [{key: text.strip() for key, text in row.items()} for row in value]
        words = [column for column in self.columns if column.kind != "hidden"]
        rows = [row for row in stripped if any(row[column.name] for column in words)]
        for column in words:
            checked([row[column.name] for row in rows], self.most, column.most)
        if any("\x00" in text for row in rows for text in row.values()):
            raise forms.ValidationError("Null characters are not allowed.")
        return rows


class UnjudgedForm(forms.Form):
    """A form that can show what was typed without a word about it yet, while rows are added and removed."""

    def unjudged(self) -> Self:
        self._errors, self.cleaned_data = forms.utils.ErrorDict(), {}
        return self


def rows_changed(data: QueryDict, fields: Mapping[str, forms.Field]) -> QueryDict | None:
    """What was sent, with a row more or less as its button says. None where no such button sent it."""
    order = _ORDER.fullmatch(data.get(BUTTON, ""))
    field = fields.get(order[2]) if order else None
    if order is None or not isinstance(field, RowsField):
        return None
    changed = data.copy()
    for column in field.columns:
        key = f"{order[2]}_{column.name}"
        changed.setlist(key, _with(changed.getlist(key), order[1], int(order[3] or 0)))
    return changed


def _with(values: list[str], act: str, index: int) -> list[str]:
    return [*values, ""] if act == "add" else values[:index] + values[index + 1 :]


def _listed(data: Mapping[str, Any], key: str) -> list[str]:
    return list(data.getlist(key)) if hasattr(data, "getlist") else list(data.get(key, ()))
