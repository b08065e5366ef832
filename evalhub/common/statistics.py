"""A mean or a rate and how far to trust it: 95 % intervals by Student's t and by Wilson; and the difference of two means. Pure.

Student's interval knows nothing of the scale: of two scores it is often wider than all there are (85 ± 63.5). What lies beyond the scale
cannot be, so whatever is shown is `interval`, cut at the ends of the scale; `half_width` is as it was computed, for whoever computes on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from statistics import NormalDist

CONFIDENCE = 0.95
Scale = tuple[float, float]
SCORES: Scale = (0.0, 100.0)
RANKS: Scale = (1.0, math.inf)
MANY = 100  # degrees of freedom from which on the series is exact to six digits, and adding up the exact terms takes long


@dataclass(frozen=True, slots=True)
class Mean:
    """`half_width` is None below two values: one value says nothing about spread. `scale` is from the least to the most there can be."""

    n: int
    value: float
    half_width: float | None
    scale: Scale = SCORES

    @property
    def interval(self) -> Scale | None:
        """Its ends, cut at those of the scale; None where there is none."""
        return None if self.half_width is None else _around(self.value, self.half_width, self.scale)

    def __str__(self) -> str:
        ends = self.interval
        return f"{self.value:.1f}" if ends is None else f"{self.value:.1f} ({ends[0]:.1f} to {ends[1]:.1f})"


def _around(value: float, half_width: float, scale: Scale) -> Scale:
    return max(value - half_width, scale[0]), min(value + half_width, scale[1])


@dataclass(frozen=True, slots=True)
class Sums:
    """Numbers added up, and their squares, as whole parts of 1 / `per`: sums of any order and way are then the same to the last digit."""

    n: int = 0
    total: int = 0
    squares: int = 0
    per: int = 1

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares, max(self.per, other.per))

    @property
    def variance(self) -> float:
        """Of the sample; for two values at least."""
        return (self.n * self.squares - self.total**2) / (self.n * (self.n - 1)) / self.per**2

    @property
    def mean(self) -> Mean | None:
        """Of scores. None of nothing: an absent score is not zero."""
        return self.mean_on(SCORES)

    def mean_on(self, scale: Scale) -> Mean | None:
        """The same of what is measured on another scale."""
        if not self.n:
            return None
        half = None if self.n == 1 else t_quantile(CONFIDENCE, self.n - 1) * math.sqrt(self.variance / self.n)
        return Mean(self.n, self.total / self.n / self.per, half, scale)


@dataclass(frozen=True, slots=True)
class Rate:
    """`passed` of `n` with Wilson's interval, all three from 0 to 1."""

    n: int
    passed: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.value:.0f} % ({100 * self.low:.0f} to {100 * self.high:.0f})"


class Verdict(StrEnum):
    """What may be said of a difference, with 95 % confidence."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "not distinguishable"
    UNKNOWN = "too few to compare"


@dataclass(frozen=True, slots=True)
class Difference:
    """New mean of scores less the old one; `half_width` None where no interval can be given."""

    value: float
    half_width: float | None

    @property
    def interval(self) -> Scale | None:
        """Its ends, cut where two scores cannot differ more; None where there is none."""
        widest = SCORES[1] - SCORES[0]
        return None if self.half_width is None else _around(self.value, self.half_width, (-widest, widest))

    @property
    def verdict(self) -> Verdict:
        if self.half_width is None:
            return Verdict.UNKNOWN
        if abs(self.value) <= self.half_width:
            return Verdict.SAME
        return Verdict.BETTER if self.value > 0 else Verdict.WORSE


def mean_of(values: Sequence[float]) -> Mean | None:
    """Of scores. None of nothing: an absent score is not zero."""
    n = len(values)
    if not n:
        return None
    mean = math.fsum(values) / n
    if n == 1:
        return Mean(1, mean, None)
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return Mean(n, mean, t_quantile(CONFIDENCE, n - 1) * math.sqrt(variance / n))


def rate_of(passed: int, n: int) -> Rate | None:
    """A share with its score interval (E. B. Wilson, JASA 22, 1927), which holds for few and for extreme counts too; None of nothing."""
    if not n:
        return None
    z, share = NormalDist().inv_cdf((1 + CONFIDENCE) / 2), passed / n
    wide = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / wide
    half = z / wide * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Rate(n, passed, share, max(middle - half, 0.0) if passed else 0.0, min(middle + half, 1.0) if passed < n else 1.0)


def difference(new: Sums, old: Sums) -> Difference | None:
    """Of two independent samples of unequal spread, with Welch's interval; None where one is empty.

    No interval below two values each, nor where neither sample has any spread: there is then nothing to measure the difference by.
    Degrees of freedom are rounded down, which makes the interval wider, never narrower.
    """
    if not new.n or not old.n:
        return None
    value = new.total / new.n / new.per - old.total / old.n / old.per
    if min(new.n, old.n) < 2:
        return Difference(value, None)
    parts = [(sample.variance / sample.n, sample.n - 1) for sample in (new, old)]
    error = math.fsum(part for part, _ in parts)
    if not error:
        return Difference(value, None)
    freedom = error**2 / math.fsum(part**2 / free for part, free in parts)
    return Difference(value, t_quantile(CONFIDENCE, max(int(freedom + 1e-9), 1)) * math.sqrt(error))


@cache
def t_quantile(confidence: float, freedom: int) -> float:
    """t with P(|T| <= t) = confidence, by bisection; for many degrees of freedom by Fisher's series (Abramowitz & Stegun 26.7.5)."""
    if freedom > MANY:
        return _t_of_many(NormalDist().inv_cdf((1 + confidence) / 2), freedom)
    low, high = 0.0, 1.0
    while t_within(high, freedom) < confidence:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, freedom) < confidence else (low, middle)
    return high


def _t_of_many(z: float, freedom: int) -> float:
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def t_within(t: float, freedom: int) -> float:
    """P(|T| <= t) for whole degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= math.cos(angle) ** 2 * (k - 1) / k
        total += term
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
