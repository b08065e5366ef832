"""A radar: one spoke a category or trait, the first straight up, the others clockwise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.common.charts.frame import SCORES, Chart, Limits, Sample, Scale, Tick, clip, place, short

WIDTH, HEIGHT = 380, 220  # room for the longest trait, Conscientiousness, on either side
RADIUS, LABEL_GAP = 78, 12
RINGS = 4
LABEL_LENGTH = 17
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spoke:
    """An axis from the middle out, its name, and its value's place (empty where it has none)."""

    x: str
    y: str
    label: str
    label_x: str
    label_y: str
    anchor: str
    told: str
    dot: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Radar(Chart):
    """`shape` and `rings` are points of polygons; axes without a value are left out of the shape."""

    middle_x: str
    middle_y: str
    rings: Sequence[str]
    ring_ticks: Sequence[Tick]
    spokes: Sequence[Spoke]
    shape: str


def radar(*, key: str, title: str, samples: Sequence[Sample], limits: Limits = SCORES, head: Sequence[str] = ()) -> Radar:
    """A sample an axis, on the scale of `limits` from the middle to the outermost ring."""
    out = Scale(*limits, 0, RADIUS)
    count = max(len(samples), 1)
    values = [(number, sample.value) for number, sample in enumerate(samples) if sample.value is not None]
    levels = [limits[0] + (limits[1] - limits[0]) * ring / RINGS for ring in range(1, RINGS + 1)]
    return Radar(
        key=key,
        title=title,
        description=f"{'; '.join(sample.told for sample in samples)}. The scale is {short(limits[0])} to {short(limits[1])}.",
        width=WIDTH,
        height=HEIGHT,
        head=head or ("Category", "Value", "From"),
        rows=[(sample.label, sample.shown, sample.note) for sample in samples],
        middle_x=place(WIDTH / 2),
        middle_y=place(HEIGHT / 2),
        rings=[_points([_at(number, count, out.at(level)) for number in range(count)]) for level in levels],
        ring_ticks=[Tick(place(HEIGHT / 2 - out.at(level)), short(level)) for level in levels],
        spokes=[_spoke(number, count, sample, out) for number, sample in enumerate(samples)],
        shape=_points([_at(number, count, out.at(value)) for number, value in values]),
    )


def _at(number: int, count: int, distance: float) -> Place:
    angle = 2 * math.pi * number / count
    return WIDTH / 2 + distance * math.sin(angle), HEIGHT / 2 - distance * math.cos(angle)


def _points(places: Sequence[Place]) -> str:
    return " ".join(f"{place(x)},{place(y)}" for x, y in places)


def _spoke(number: int, count: int, sample: Sample, out: Scale) -> Spoke:
    x, y = _at(number, count, RADIUS)
    label_x, label_y = _at(number, count, RADIUS + LABEL_GAP)
    aside = label_x - WIDTH / 2
    anchor = "middle" if abs(aside) < LABEL_GAP else ("start" if aside > 0 else "end")
    dot = () if sample.value is None else tuple(map(place, _at(number, count, out.at(sample.value))))
    words = clip(sample.label, LABEL_LENGTH)
    return Spoke(place(x), place(y), words, place(label_x), place(label_y + 4), anchor, sample.told, dot)
