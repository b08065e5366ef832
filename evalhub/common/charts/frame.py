"""What all pictures share: their words and table, the samples they are made of, and a scale from values to places."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Limits = tuple[float, float]
SCORES: Limits = (0, 100)
STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value by its name. `value` is None where there is none, which is not zero; `low` and `high` are its interval where it has one."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def bounds(self) -> Limits | None:
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def shown(self) -> str:
        """The value with its interval, as the table and the tooltip say it."""
        if self.value is None:
            return "none"
        bounds = self.bounds
        return short(self.value) if bounds is None else f"{short(self.value)} ({short(bounds[0])} to {short(bounds[1])})"

    @property
    def told(self) -> str:
        return f"{self.label}: {self.shown}" + (f", {self.note}" if self.note else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture in a box of `width` by `height`. `key` is unique on its page; `head` and `rows` are the table that says the same."""

    key: str
    title: str
    description: str
    width: int
    height: int
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis."""

    place: str
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Scale:
    """Values between `low` and `high` onto places between `start` and `end`; what lies outside is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        if self.high == self.low:
            return self.start
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start)


def place(number: float) -> str:
    """A coordinate as an attribute: two decimals at most, in no language's own way of writing numbers."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def short(number: float) -> str:
    """A value as people read it: one decimal where it has one."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def clip(text: str, most: int) -> str:
    """SVG text does not wrap. The table has it whole."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def step_of(span: float, most: int) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that cuts `span` into `most` pieces at most."""
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in STEPS if power * factor >= rough * (1 - 1e-9))


def around(values: Iterable[float], limits: Limits, *, least: float, most: int = 4) -> tuple[Limits, list[float]]:
    """A range of round numbers within `limits` that holds all values and is `least` wide at least, and where to mark it."""
    held = [min(max(value, limits[0]), limits[1]) for value in values]
    low, high = (min(held), max(held)) if held else limits
    missing = max(least - (high - low), 0)
    low, high = max(low - missing / 2, limits[0]), min(high + missing / 2, limits[1])
    low, high = max(min(low, high - least), limits[0]), min(max(high, low + least), limits[1])
    step = step_of(high - low, most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = [round(step * number, 10) for number in range(first, last + 1)]
    return (max(marks[0], limits[0]), min(marks[-1], limits[1])), [mark for mark in marks if limits[0] <= mark <= limits[1]]


def spread_out(count: int, most: int) -> list[int]:
    """At most `most` of `count` positions, the first and the last among them, evenly apart."""
    if count <= most:
        return list(range(count))
    return [round(number * (count - 1) / (most - 1)) for number in range(most)]
