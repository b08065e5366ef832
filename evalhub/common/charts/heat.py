"""A heat map: a number in every cell, and a shade that is the deeper the higher it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from evalhub.common.charts.frame import SCORES, Chart, Limits, Sample, Scale, Tick, clip, place, short

WIDTH = 640
LEFT, TOP, ROW = 150, 38, 30
LABEL_LENGTH = 22
WIDEST = 120.0
LETTER = 6.5  # about as wide as one is drawn
HEAD_LINES, HEAD_LINE = 2, 13
FAINTEST, DEEPEST = 0.06, 0.42  # the number in the cell stays readable on both
Cells = Mapping[tuple[int, int], Sample]


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle with its number. `shade` is an opacity, empty where there is no value."""

    x: str
    y: str
    width: str
    middle_x: str
    middle_y: str
    shade: str
    shown: str
    told: str


@dataclass(frozen=True, slots=True)
class Head:
    """The name of a column in a line or two, the last of them just above the cells."""

    x: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Chart):
    cells: Sequence[Cell]
    row_ticks: Sequence[Tick]
    column_heads: Sequence[Head]
    cell_height: int = ROW - 2
    left: int = LEFT


def heat(*, key: str, title: str, down: Sequence[str], across: Sequence[str], cells: Cells, limits: Limits = SCORES) -> Heat:
    """Names `down` the side and `across` the top; `cells` by (row, column), those that are missing stay empty."""
    wide = min((WIDTH - LEFT) / max(len(across), 1), WIDEST)
    samples = {(row, column): cells.get((row, column)) for row in range(len(down)) for column in range(len(across))}
    return Heat(
        key=key,
        title=title,
        description=f"{len(cells)} of {len(samples)} cells have a value. The scale is {short(limits[0])} to {short(limits[1])}.",
        width=WIDTH,
        height=TOP + ROW * len(down),
        head=("Name", *across),
        rows=[(name, *(_said(samples[row, column]) for column in range(len(across)))) for row, name in enumerate(down)],
        cells=[_cell(row, column, wide, sample, limits) for (row, column), sample in samples.items()],
        row_ticks=[Tick(place(TOP + ROW * row + ROW / 2 + 3), clip(name, LABEL_LENGTH), "end") for row, name in enumerate(down)],
        column_heads=[_head(LEFT + wide * (column + 0.5), wide, name) for column, name in enumerate(across)],
    )


def _head(middle: float, wide: float, name: str) -> Head:
    most = max(int(wide / LETTER), 3)
    found = wrap(name, most) or [""]
    kept = found if len(found) <= HEAD_LINES else [*found[: HEAD_LINES - 1], clip(" ".join(found[HEAD_LINES - 1 :]), most)]
    lowest = TOP - 8
    return Head(place(middle), [(place(lowest - HEAD_LINE * (len(kept) - 1 - number)), text) for number, text in enumerate(kept)])


def _said(sample: Sample | None) -> str:
    return "none" if sample is None else f"{sample.shown}{f', {sample.note}' if sample.note else ''}"


def _cell(row: int, column: int, wide: float, sample: Sample | None, limits: Limits) -> Cell:
    left, top = LEFT + wide * column, TOP + ROW * row
    value = sample.value if sample else None
    shade = "" if value is None else place(Scale(*limits, FAINTEST, DEEPEST).at(value))
    return Cell(
        x=place(left + 1),
        y=place(top + 1),
        width=place(wide - 2),
        middle_x=place(left + wide / 2),
        middle_y=place(top + ROW / 2 + 4),
        shade=shade,
        shown="–" if value is None else short(value),
        told=sample.told if sample else "",
    )
