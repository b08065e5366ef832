"""What is said of brands in a number of answers: share of voice, how often we are named, and how early. Pure; figures add up."""

from collections.abc import Iterable
from dataclasses import dataclass

from evalhub.common.statistics import RANKS, Mean, Rate, Sums, rate_of


@dataclass(frozen=True, slots=True)
class Voice:
    """Of `answers` answers `named` name an own brand; in them stand `own` mentions of own brands of `total` of all brands that are known.

    `ranks` adds up, over the answers that name us, the rank of the own brand that is named first: 1 where no brand is named before it.
    """

    answers: int = 0
    named: int = 0
    own: int = 0
    total: int = 0
    ranks: Sums = Sums()  # noqa: RUF009  frozen

    def __add__(self, other: "Voice") -> "Voice":
        return Voice(
            self.answers + other.answers, self.named + other.named, self.own + other.own, self.total + other.total, self.ranks + other.ranks
        )

    @property
    def share(self) -> float | None:
        """Of 1; None where no brand is mentioned at all.

        There is no interval: mentions of one answer depend on each other, so that counting them as draws would make one far too narrow.
        """
        return self.own / self.total if self.total else None

    @property
    def rate(self) -> Rate | None:
        """How many of the answers name us, with Wilson's interval; None without answers."""
        return rate_of(self.named, self.answers)

    @property
    def rank(self) -> Mean | None:
        """The mean of our first ranks where we are named, with Student's interval; None where we never are."""
        return self.ranks.mean_on(RANKS)


def added(voices: Iterable[Voice]) -> Voice:
    """All of them as one."""
    return sum(voices, Voice())


@dataclass(frozen=True, slots=True)
class Rival:
    """A brand beside the others: in how many answers it is named, how often, and its ranks there."""

    brand: str
    is_own: bool
    answers: int
    mentions: int
    ranks: Sums
    of_answers: int
    of_mentions: int

    @property
    def share(self) -> float | None:
        """Of all mentions of all brands."""
        return self.mentions / self.of_mentions if self.of_mentions else None

    @property
    def rate(self) -> Rate | None:
        return rate_of(min(self.answers, self.of_answers), self.of_answers)

    @property
    def rank(self) -> Mean | None:
        return self.ranks.mean_on(RANKS)
