"""CSV for people who open it in a spreadsheet: what models and strangers wrote must be text there, never a formula. A leaf."""

import csv
from collections.abc import Iterable
from io import StringIO

# A cell that begins with one of these is computed by some spreadsheet: the signs, their full-width twins, and what is skipped before them.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the machine

Cell = str | int | float | None


def row(cells: Iterable[Cell]) -> str:
    """One line of CSV with its line end. Texts are made safe, numbers stay numbers, None is an empty cell."""
    line = StringIO()
    csv.writer(line).writerow([safe(cell) if isinstance(cell, str) else cell for cell in cells])
    return line.getvalue()


def safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would compute it. NUL, which some readers refuse, is dropped."""
    shown = text.replace("\x00", "")
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown
