"""Lengths to compare: bars under their names, whole or in parts; one bar of a whole; and how many scores lie in each ten."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.common.charts.frame import SCORES, Chart, Limits, Scale, Tick, clip, place, short, spread_out, step_of

WIDTH = 360
ROW, BAR_AT, BAR_HEIGHT = 34, 20, 7
STACK_HEIGHT = 14
LABEL_LENGTH = 40
LEAST_WIDTH = 1.0  # of what is there at all
TALL, FLOOR, LEFT = 130, 108, 30


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: how long, in words, and its tone (a class of the stylesheet: `1` to `6`, or a status)."""

    label: str
    value: float
    shown: str
    tone: str = "1"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar by its name. `shown` is its length in words; `parts` lie end to end."""

    label: str
    shown: str
    parts: Sequence[Part]

    @property
    def value(self) -> float:
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle."""

    x: str
    y: str
    width: str
    height: str
    tone: str
    told: str


@dataclass(frozen=True, slots=True)
class Row:
    """The words above a bar, and the track it lies in."""

    label: str
    shown: str
    text_y: str
    bar_y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars(Chart):
    """`lines` are the named rows of plain bars; `ticks` the marks of a histogram. `legend` names the tones where bars have parts."""

    pieces: Sequence[Piece]
    lines: Sequence[Row] = ()
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    legend: Sequence[Part] = ()
    bar_height: int = BAR_HEIGHT
    left: int = LEFT
    floor: int = FLOOR


def bars(*, key: str, title: str, rows: Sequence[Bar], head: Sequence[str] = ("Name", "Amount")) -> Bars:
    """One bar below the other, as long as its value beside the longest."""
    along = Scale(0, max((row.value for row in rows), default=0) or 1, 0, WIDTH)
    tones = {part.tone: part for row in rows for part in row.parts}
    return Bars(
        key=key,
        title=title,
        description="; ".join(f"{row.label}: {row.shown}" for row in rows) or "There is nothing yet.",
        width=WIDTH,
        height=max(ROW * len(rows), ROW),
        head=head,
        rows=[(row.label, _with_parts(row)) for row in rows],
        pieces=[piece for number, row in enumerate(rows) for piece in _pieces(row.parts, along, number * ROW + BAR_AT, BAR_HEIGHT)],
        lines=[_line(number, row) for number, row in enumerate(rows)],
        legend=list(tones.values()) if any(len(row.parts) > 1 for row in rows) else [],
    )


def _with_parts(row: Bar) -> str:
    return row.shown if len(row.parts) < 2 else f"{row.shown}: " + ", ".join(f"{part.label} {part.shown}" for part in row.parts)


def _line(number: int, row: Bar) -> Row:
    top = number * ROW
    return Row(clip(row.label, LABEL_LENGTH), row.shown, place(top + BAR_AT - 6), place(top + BAR_AT))


def stacked(*, key: str, title: str, parts: Sequence[Part], head: Sequence[str] = ("Part", "Amount")) -> Bars:
    """One bar of the whole, its parts end to end."""
    along = Scale(0, sum(part.value for part in parts) or 1, 0, WIDTH)
    return Bars(
        key=key,
        title=title,
        description="; ".join(f"{part.label}: {part.shown}" for part in parts) or "There is nothing yet.",
        width=WIDTH,
        height=STACK_HEIGHT,
        head=head,
        rows=[(part.label, part.shown) for part in parts],
        pieces=_pieces(parts, along, 0, STACK_HEIGHT),
        legend=parts,
    )


def _pieces(parts: Sequence[Part], along: Scale, top: float, height: float) -> list[Piece]:
    """End to end. What is there is seen, however small it is beside the rest."""
    pieces, reached = [], 0.0
    for part in (part for part in parts if part.value > 0):
        start = along.at(reached)
        reached += part.value
        width = max(along.at(reached) - start, LEAST_WIDTH)
        start = min(start, along.end - width)
        pieces.append(Piece(place(start), place(top), place(width), place(height), part.tone, f"{part.label}: {part.shown}"))
    return pieces


def histogram(*, key: str, title: str, values: Sequence[float], limits: Limits = SCORES, bins: int = 10) -> Bars:
    """How many values lie in each of `bins` equal pieces of `limits`; the last piece holds its upper end too."""
    counts = _counts(values, limits, bins)
    size = (limits[1] - limits[0]) / bins
    most = max(counts, default=0) or 1
    step = max(step_of(most, 3), 1)
    marks = [mark * step for mark in range(int(most // step) + 1)]
    up = Scale(0, most, 0, FLOOR - 8)
    across = Scale(*limits, LEFT, WIDTH)
    edges = [limits[0] + size * number for number in range(bins + 1)]
    names = [f"{short(low)} to {short(high)}" for low, high in zip(edges, edges[1:], strict=False)]
    return Bars(
        key=key,
        title=title,
        description=f"{len(values)} values. " + "; ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True) if count),
        width=WIDTH,
        height=TALL,
        head=("From", "Count"),
        rows=[(name, str(count)) for name, count in zip(names, counts, strict=True)],
        pieces=[
            _column(across.at(low), across.at(high), up.at(count), f"{name}: {count}")
            for low, high, count, name in zip(edges, edges[1:], counts, names, strict=False)
            if count
        ],
        x_ticks=[Tick(place(across.at(edges[number])), short(edges[number])) for number in spread_out(len(edges), 6)],
        y_ticks=[Tick(place(FLOOR - up.at(mark)), short(mark), "end") for mark in marks],
    )


def _column(left: float, right: float, height: float, told: str) -> Piece:
    return Piece(place(left + 1), place(FLOOR - height), place(right - left - 2), place(height), "1", told)


def _counts(values: Sequence[float], limits: Limits, bins: int) -> list[int]:
    into = Scale(*limits, 0, bins)
    counts = [0] * bins
    for value in values:
        counts[min(int(into.at(value)), bins - 1)] += 1
    return counts
