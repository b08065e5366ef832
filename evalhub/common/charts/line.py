"""A line over equal steps of time with its interval as a band, and the same without axes, small enough for a row of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from evalhub.common.charts.frame import SCORES, Chart, Limits, Sample, Scale, Tick, around, place, short, spread_out

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, TOP, BOTTOM = 30, 8, 8, 22
SMALL_WIDTH, SMALL_HEIGHT, SMALL_EDGE = 120, 28, 3
LEAST_RANGE = 20.0
BEYOND = 10.0  # how far the picture reaches beyond the values to show intervals; a day of two values would flatten all others
X_LABELS = 4
BRIEF = "{} of {} have a value. First {}, last {}, lowest {}, highest {}."


@dataclass(frozen=True, slots=True)
class Dot:
    """A value. `whisker` is its interval where no neighbour makes a band of it: top and bottom, or empty."""

    x: str
    y: str
    told: str
    whisker: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Chart):
    """`lines` join neighbours, `gaps` (dashed) reach over steps without a value; both are paths. `bands` are points of polygons."""

    lines: Sequence[str]
    gaps: Sequence[str]
    bands: Sequence[str]
    dots: Sequence[Dot]
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    left: int = LEFT
    right: int = WIDTH - RIGHT
    x_label_y: int = HEIGHT - 5


@dataclass(frozen=True, slots=True)
class _Course:
    """What is drawn between the axes, as `Line` has it."""

    lines: Sequence[str]
    gaps: Sequence[str]
    bands: Sequence[str]
    dots: Sequence[Dot]


@dataclass(frozen=True, slots=True)
class _Point:
    """A sample with a value, at its place. `index` is its step."""

    index: int
    sample: Sample
    value: float
    x: float
    scale: Scale

    @property
    def at(self) -> str:
        return f"{place(self.x)} {place(self.scale.at(self.value))}"

    def edge(self, which: int) -> str:
        bounds = self.sample.bounds
        return place(self.scale.at(bounds[which])) if bounds else ""

    def dot(self, in_band: bool) -> Dot:
        alone = (self.edge(1), self.edge(0)) if self.sample.bounds and not in_band else ()
        return Dot(place(self.x), place(self.scale.at(self.value)), self.sample.told, alone)


def line(
    *, key: str, title: str, samples: Sequence[Sample], limits: Limits = SCORES, least: float = LEAST_RANGE, head: Sequence[str] = ()
) -> Line:
    """Samples in the order of time, one a step. The range is chosen within `limits` to hold every value, and what is near of intervals."""
    (low, high), marks = around(_in_sight(samples), limits, least=least)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP)
    along = Scale(0, max(len(samples) - 1, 1), LEFT + 6, WIDTH - RIGHT - 6)
    course = _course(samples, along, up)
    return Line(
        key=key,
        title=title,
        description=_brief(samples),
        width=WIDTH,
        height=HEIGHT,
        head=head or ("When", "Value", "From"),
        rows=[(sample.label, sample.shown, sample.note) for sample in samples if sample.value is not None or sample.note],
        x_ticks=_x_ticks(samples, along),
        y_ticks=[Tick(place(up.at(mark)), short(mark), "end") for mark in marks],
        lines=course.lines,
        gaps=course.gaps,
        bands=course.bands,
        dots=course.dots,
    )


def sparkline(*, key: str, title: str, samples: Sequence[Sample], limits: Limits = SCORES, least: float = LEAST_RANGE) -> Line:
    """The course alone: no axes and no band; only the last value has a dot."""
    (low, high), _ = around([sample.value for sample in samples if sample.value is not None], limits, least=least)
    up = Scale(low, high, SMALL_HEIGHT - SMALL_EDGE, SMALL_EDGE)
    along = Scale(0, max(len(samples) - 1, 1), SMALL_EDGE, SMALL_WIDTH - SMALL_EDGE)
    bare = [Sample(sample.label, sample.value, note=sample.note) for sample in samples]
    course = _course(bare, along, up)
    return Line(
        key=key,
        title=title,
        description=_brief(samples),
        width=SMALL_WIDTH,
        height=SMALL_HEIGHT,
        head=("When", "Value", "From"),
        rows=[(sample.label, sample.shown, sample.note) for sample in samples if sample.value is not None or sample.note],
        lines=course.lines,
        gaps=course.gaps,
        bands=(),
        dots=course.dots[-1:],
    )


def _in_sight(samples: Sequence[Sample]) -> list[float]:
    """Values, and the ends of intervals as far as they are to be seen: one that is wider is cut at the edge."""
    values = [sample.value for sample in samples if sample.value is not None]
    if not values:
        return []
    lowest, highest = min(values) - BEYOND, max(values) + BEYOND
    ends = [end for sample in samples for end in sample.bounds or ()]
    return [*values, *(min(max(end, lowest), highest) for end in ends)]


def _brief(samples: Sequence[Sample]) -> str:
    values = [sample.value for sample in samples if sample.value is not None]
    if not values:
        return "There is no value yet."
    return BRIEF.format(len(values), len(samples), *map(short, (values[0], values[-1], min(values), max(values))))


def _x_ticks(samples: Sequence[Sample], along: Scale) -> list[Tick]:
    chosen = spread_out(len(samples), X_LABELS)
    anchors = {0: "start", len(samples) - 1: "end"} if len(samples) > 1 else {}
    return [Tick(place(along.at(number)), samples[number].label, anchors.get(number, "middle")) for number in chosen]


def _course(samples: Sequence[Sample], along: Scale, up: Scale) -> _Course:
    points = [_Point(index, sample, sample.value, along.at(index), up) for index, sample in enumerate(samples) if sample.value is not None]
    stretches = _stretches(points)
    banded = [stretch for stretch in _stretches([point for point in points if point.sample.bounds]) if len(stretch) > 1]
    in_band = {point.index for stretch in banded for point in stretch}
    return _Course(
        lines=[_path(stretch) for stretch in stretches if len(stretch) > 1],
        gaps=[_path((before[-1], after[0])) for before, after in pairwise(stretches)],
        bands=[_band(stretch) for stretch in banded],
        dots=[point.dot(point.index in in_band) for point in points],
    )


def _stretches(points: Sequence[_Point]) -> list[list[_Point]]:
    """Neighbours together: a step between them that has no value starts another stretch."""
    found: list[list[_Point]] = []
    for point in points:
        if found and found[-1][-1].index == point.index - 1:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def _path(points: Sequence[_Point]) -> str:
    return "M" + "L".join(point.at for point in points)


def _band(points: Sequence[_Point]) -> str:
    """Along the upper edge and back along the lower."""
    there = [f"{place(point.x)},{point.edge(1)}" for point in points]
    back = [f"{place(point.x)},{point.edge(0)}" for point in reversed(points)]
    return " ".join([*there, *back])
