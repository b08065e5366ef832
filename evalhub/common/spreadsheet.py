"""CSV for people who open it in a spreadsheet: what models and strangers wrote must be text there, never a formula. A leaf.

A spreadsheet of a country that writes commas in numbers parts cells at semicolons. To it the quotation marks around our cells stand in the
middle of one, where they mean nothing, so a semicolon or a line end in a text begins a cell. Quoting cannot help there; an apostrophe does.
Quoting helps where several signs part cells at once, as LibreOffice proposes.
"""

import csv
import re
from collections.abc import Iterable
from io import StringIO

# A cell that begins with one of these is computed by some spreadsheet: the signs, their full-width twins, and what is skipped before them.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the machine
_LINE = re.compile(r"[\r\n]?[^\r\n]+")
_SURE, _EITHER = "=@\uff1d\uff20", "+\\-\uff0b\uff0d"
_HARM = re.compile(r'[(|!"]')
_BEGINS = {harm: re.compile(f'([;\t\r\n]"*)(?=[{signs}])') for harm, signs in ((False, _SURE), (True, _SURE + _EITHER))}
_GUARDED = {harm: re.compile(begins.pattern.replace("(?=", "'(?=")) for harm, begins in _BEGINS.items()}

Cell = str | int | float | None


def row(cells: Iterable[Cell]) -> str:
    """One line of CSV with its line end. Texts are made safe and quoted, numbers stay numbers, None is an empty cell."""
    line = StringIO()
    csv.writer(line, quoting=csv.QUOTE_NONNUMERIC).writerow([safe(cell) if isinstance(cell, str) else cell for cell in cells])
    return line.getvalue()


def safe(text: str) -> str:
    """The text with an apostrophe where a spreadsheet would begin to compute. NUL, which some readers refuse, is dropped."""
    shown = text.replace("\x00", "")
    if _BEGINS[True].search(shown):  # else no line has to be looked at alone
        shown = _LINE.sub(lambda line: _BEGINS[_may_harm(line)].sub(r"\1'", line[0]), shown)
    return f"'{shown}" if shown.startswith(FORMULA_STARTS) else shown


def as_written(cell: str) -> str:
    """The text that `safe` made a cell of."""
    bare = cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS) else cell
    return _LINE.sub(lambda line: _GUARDED[_may_harm(line)].sub(r"\1", line[0]), bare)


def _may_harm(line: re.Match[str]) -> bool:
    """Whether a plus or minus, with which lists and smileys begin, might do more than add up: by a call, a link or another file.

    The last line of a text goes on with the next cell, and what that has is not known here.
    """
    return line.end() == len(line.string) or _HARM.search(line[0]) is not None
