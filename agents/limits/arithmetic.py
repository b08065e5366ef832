"""The arithmetic of shares, ceilings and tokens: plain functions and values, no database and no clock of its own. Used by `ledger`.

The ceiling is additive increase, multiplicative decrease (Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion
avoidance", 1989). Its decrease is as large as the share of requests that was refused, at most a half (the idea of Alizadeh and others,
"Data Center TCP", 2010).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import floor, isqrt

MARGIN_SECONDS = 61  # a minute, and a second for what a request may take longer on its way than the one before it
CALM = timedelta(minutes=3)
LONGEST_PAUSE = timedelta(minutes=1)
LONGEST_REFUSED = timedelta(seconds=30)
TOLERATED = 0.15  # fewer refusals than this hold the ceiling where it is: asking them again is cheaper than asking less
TURN = timedelta(seconds=2)
SLOT_SECONDS = 10
SLOTS = 6


# How many may be open: places


def fair(places: int, wants: Sequence[int]) -> list[int]:
    """Max-min fair parts of `places`: nobody has more than he wants while another wants more than he has.

    Where it does not come out even the first in line have one more. What nobody wants is spread too, so that it is at hand at once.
    """
    parts = [0] * len(wants)
    left = places
    hungry = [index for index, want in enumerate(wants) if want > 0]
    while left and hungry:
        each = max(1, left // len(hungry))
        for index in hungry[:left]:
            taken = min(each, wants[index] - parts[index])
            parts[index] += taken
            left -= taken
        hungry = [index for index in hungry if parts[index] < wants[index]]
    for index in range(len(parts)):
        parts[index] += left // len(parts) + (index < left % len(parts))
    return parts


@dataclass(frozen=True, slots=True)
class Holder:
    """One worker's part, as the ledger has it. `since` is when it began to hold places, or to wait for its first."""

    wanted: int
    granted: int
    since: datetime


def in_line(holders: Mapping[str, Holder], now: datetime) -> list[str]:
    """Who comes first where there are fewer places than workers: who just got one, then who waits, then who had one the longest last.

    So a place goes round. Nobody waits for ever, and nobody loses his place before it was of use.
    """

    def rank(name: str) -> tuple[int, float, str]:
        holder = holders[name]
        held = (now - holder.since).total_seconds()
        if holder.granted:
            return (0 if 0 <= held < TURN.total_seconds() else 2, held, name)
        return (1, -held, name)

    return sorted(holders, key=rank)


def target(me: str, holders: Mapping[str, Holder], places: int, now: datetime) -> int:
    """How many places `me` may use from now on: its fair part, as far as the others do not hold them still."""
    line = in_line(holders, now)
    parts = fair(places, [holders[name].wanted for name in line])
    others = sum(holder.granted for name, holder in holders.items() if name != me)
    return max(0, min(parts[line.index(me)], places - others))


# How many a server takes: the ceiling


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back since the last look: answers that were no 429, 429s of requests that knew of the last cut, and how many were open."""

    fine: int = 0
    refused: int = 0
    open: int = 0

    @property
    def refused_share(self) -> float:
        return min(1.0, self.refused / max(1, self.fine + self.refused, self.open))


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the server took lately. `height` is None while nothing speaks for a limit."""

    height: float | None = None
    cuts: int = 0
    last_429_at: datetime | None = None

    def after(self, answers: Answers, *, open_everywhere: int, most: int | None, now: datetime) -> "Ceiling":
        """The ceiling after these answers: one cut however many were refused, else one more place for each ceiling's worth of answers."""
        if answers.refused:
            base = min(value for value in (self.height, most, max(1, open_everywhere)) if value is not None)
            if answers.refused_share > TOLERATED:
                return Ceiling(max(1.0, base * max(0.5, 1 - answers.refused_share)), self.cuts + 1, now)
            return Ceiling(self.height or base, self.cuts, now)
        if self.height is None:
            return self
        if not _is_recent(self.last_429_at, now):
            return replace(self, height=None)
        grown = self.height + answers.fine / self.height if open_everywhere >= self.height / 2 else self.height
        return replace(self, height=None if most is not None and grown >= most else grown)

    def places(self, most: int | None) -> int | None:
        known = [value for value in (most, None if self.height is None else floor(self.height)) if value is not None]
        return max(1, min(known)) if known else None


@dataclass(frozen=True, slots=True)
class Closure:
    """How often in a row, and since when, a server was found to refuse all it is asked, with nothing open that it works at."""

    refusals: int = 0
    since: datetime | None = None

    def after(self, answers: Answers, *, unanswered: int, last: datetime | None, now: datetime) -> "Closure":
        """The closure after these answers. `last` is when the 429 before them came: one of long ago says nothing any more."""
        if answers.fine:
            return Closure()
        if not answers.refused or unanswered:
            return self
        return Closure(self.refusals + 1, self.since) if self.since and _is_recent(last, now) else Closure(1, now)

    @property
    def pause(self) -> timedelta:
        """Nothing for the first time, which may be chance; then 1, 2, 4, 8, 16 and 30 seconds."""
        return min(LONGEST_REFUSED, timedelta(seconds=2 ** min(self.refusals - 2, 10))) if self.refusals > 1 else timedelta(0)

    def lasted_s(self, last: datetime | None, now: datetime) -> float:
        return max(0.0, (now - self.since).total_seconds()) if self.since and _is_recent(last, now) else 0.0


def _is_recent(last: datetime | None, now: datetime) -> bool:
    """Whether a 429 of this moment still says something."""
    return last is not None and abs(now - last) <= CALM


# How many may begin: tokens


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens nobody has yet. With those handed out and not used it never has more than `depth`, so any minute sees at most the limit."""

    tokens: float
    refilled_at: datetime

    def refilled(self, per_minute: int, handed_out: int, now: datetime) -> "Bucket":
        """After the time since the last refill; a clock that went back refills nothing."""
        passed = max(0.0, (now - self.refilled_at).total_seconds())
        room = max(0, depth(per_minute) - handed_out)
        return Bucket(min(room, self.tokens + passed * rate(per_minute)), now)


def depth(per_minute: int) -> int:
    """How many may begin at one moment: few, since every one of them has to be missing from the steady flow."""
    return max(1, isqrt(per_minute) // 2, per_minute // 30)


def rate(per_minute: int) -> float:
    """Tokens a second: what is left of a minute's worth when a full bucket is emptied at its beginning."""
    return (per_minute - depth(per_minute) + 1) / MARGIN_SECONDS


# What was asked lately, for pages

Slots = list[list[int]]


def counted(slots: Slots, begun: int, now: datetime) -> Slots:
    """The counts of the last minute, in steps of ten seconds, with `begun` more requests."""
    current = int(now.timestamp()) // SLOT_SECONDS
    kept = {number: count for number, count in slots if current - SLOTS < number <= current}
    kept[current] = kept.get(current, 0) + begun
    return [[number, count] for number, count in sorted(kept.items())]


def asked_lately(slots: Slots, now: datetime) -> int:
    """Requests that began within the last minute, to ten seconds."""
    return sum(count for _, count in counted(slots, 0, now))
