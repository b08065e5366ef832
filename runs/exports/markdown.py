"""Markdown that foreign text cannot break out of: fences longer than any run of backticks in it, and escaped words. A leaf."""

import re
from collections.abc import Iterable, Sequence

_TICKS = re.compile("`+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$])")
_SPACE = re.compile(r"\s+")


def fenced(text: str) -> str:
    """The text as it stands, in a block of its own."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def inline(text: str) -> str:
    """The text on one line, every sign escaped that means something in the middle of one. Fit for headings and table cells too."""
    return _SPECIAL.sub(r"\\\1", _SPACE.sub(" ", text).strip())


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Its cells must be `inline` or our own."""
    lines = [_line(heads), _line(["---"] * len(heads)), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
