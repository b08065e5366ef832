"""What the pictures of runs show: scores by day, how runs ended, what calls cost, agents beside templates. Plain Python, without Django.

The geometry is in evalhub.common.charts, so that agents' pages, which know no runs, draw with it too; `charts/` has the templates.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Protocol

from evalhub.common.charts import Bar, Bars, Heat, Line, Part, Sample, bars, heat, line, stacked
from evalhub.common.formatting import usd
from evalhub.common.statistics import Sums

MOST_BARS = 8
STATUSES = ("completed", "failed", "interrupted", "cancelled", "running", "pending")
OTHERS = "Others"


class Counted(Protocol):
    """Runs that were to be judged: scores that are in the mean, and how many runs have none."""

    @property
    def scores(self) -> Sums: ...

    @property
    def unscored(self) -> int: ...

    @property
    def failed(self) -> int: ...


class Spent(Protocol):
    """What calls of one purpose to one model cost."""

    @property
    def model(self) -> str: ...

    @property
    def purpose(self) -> str: ...

    @property
    def calls(self) -> int: ...

    @property
    def price_usd(self) -> Decimal: ...

    @property
    def unpriced(self) -> int: ...


def day_name(day: date) -> str:
    return f"{day.day} {day:%b}"


def sample(label: str, counted: Counted | None) -> Sample:
    """A mean with its 95 % interval, kept on the scale of scores, and beside it what it is the mean of."""
    if counted is None:
        return Sample(label, None)
    mean, note = counted.scores.mean, _note(counted)
    low, high = (mean and mean.interval) or (None, None)
    return Sample(label, mean.value if mean else None, low, high, note)


def _note(counted: Counted) -> str:
    """How many scores, and how many runs that have none: unscored is not zero."""
    told = [(counted.unscored, "unscored"), (counted.failed, "failed")]
    return ", ".join([f"n {counted.scores.n}", *(f"{number} {what}" for number, what in told if number)])


def trend(*, key: str, title: str, days: Sequence[date], scores: Mapping[date, Counted], weekly: bool = False) -> Line:
    """The mean of each day, or of the week that begins with it, with its interval; one without a score has no place on the line."""
    samples = [sample(day_name(day), _held(scores.get(day))) for day in days]
    head = ("Week from (UTC)" if weekly else "Day (UTC)", "Mean and 95 % interval", "From")
    return line(key=key, title=title, samples=samples, head=head)


def _held(counted: Counted | None) -> Counted | None:
    """Nothing to tell of a day on which nothing was judged."""
    return counted if counted and (counted.scores.n or counted.unscored or counted.failed) else None


def statuses(*, key: str, title: str, counts: Mapping[str, int]) -> Bars:
    """How many runs are where in their life, as parts of all: those that are over first."""
    parts = [Part(status, counts[status], f"{counts[status]:,}", status) for status in STATUSES if counts.get(status)]
    return stacked(key=key, title=title, parts=parts, head=("Status", "Runs"))


def money(price: Decimal, unpriced: int, calls: int) -> str:
    """Dollars, and how many calls are not in them. Nothing is known to be free for want of a price."""
    if unpriced and not price:
        return "unpriced" if unpriced == calls else f"{usd(price)} + {unpriced:,} unpriced"
    return f"{usd(price)} + {unpriced:,} unpriced" if unpriced else usd(price)


def spend_by_model(*, key: str, title: str, spent: Sequence[Spent], purposes: Mapping[str, str]) -> Bars:
    """A bar a model, the dearest first, its parts by purpose. `purposes` are their names in the order of their tones."""
    tones = _tones(purposes)
    by_model = _gathered((item.model or "Models that never answered", item) for item in spent)
    rows = [
        Bar(
            model,
            _sum(items),
            [_part(purposes.get(purpose, purpose), of, tones.get(purpose, "6")) for purpose, of in _by_purpose(items, tones)],
        )
        for model, items in _shortened(by_model)
    ]
    return bars(key=key, title=title, rows=rows, head=("Model", "Spend"))


def spend_by_purpose(*, key: str, title: str, spent: Sequence[Spent], purposes: Mapping[str, str]) -> Bars:
    """A bar a purpose, in the order of `purposes` and in the tones that the bars by model have."""
    tones = _tones(purposes)
    rows = [
        Bar(purposes.get(purpose, purpose), _sum(items), [_part(purposes.get(purpose, purpose), items, tones.get(purpose, "6"))])
        for purpose, items in _by_purpose(spent, tones)
    ]
    return bars(key=key, title=title, rows=rows, head=("Purpose", "Spend"))


def _tones(purposes: Iterable[str]) -> dict[str, str]:
    return {purpose: str(number % 6 + 1) for number, purpose in enumerate(purposes)}


def _by_purpose(items: Iterable[Spent], order: Mapping[str, str]) -> list[tuple[str, list[Spent]]]:
    """In the order of the tones, so that the same piece stands at the same place of every bar; unknown purposes come last."""
    places = list(order)
    groups = _gathered((item.purpose, item) for item in items)
    return sorted(groups, key=lambda group: places.index(group[0]) if group[0] in order else len(places))


def _gathered(named: Iterable[tuple[str, Spent]]) -> list[tuple[str, list[Spent]]]:
    """By name, the dearest first, then those with the most calls."""
    ordered = sorted(named, key=lambda pair: pair[0])
    groups = [(name, [item for _, item in pairs]) for name, pairs in groupby(ordered, key=lambda pair: pair[0])]
    return sorted(groups, key=lambda group: (-_price(group[1]), -sum(item.calls for item in group[1]), group[0]))


def _shortened(groups: Sequence[tuple[str, list[Spent]]]) -> list[tuple[str, list[Spent]]]:
    """The first few, and the rest as one."""
    if len(groups) <= MOST_BARS:
        return list(groups)
    rest = [item for _, items in groups[MOST_BARS - 1 :] for item in items]
    return [*groups[: MOST_BARS - 1], (f"{OTHERS} ({len(groups) - MOST_BARS + 1})", rest)]


def _price(items: Iterable[Spent]) -> Decimal:
    return sum((item.price_usd for item in items), Decimal(0))


def _sum(items: Sequence[Spent]) -> str:
    return money(_price(items), sum(item.unpriced for item in items), sum(item.calls for item in items))


def _part(label: str, items: Sequence[Spent], tone: str) -> Part:
    return Part(label, float(_price(items)), _sum(items), tone)


def matrix(*, key: str, title: str, agents: Sequence[str], templates: Sequence[str], cells: Mapping[tuple[int, int], Counted]) -> Heat:
    """Agents down, templates across: the mean in every cell. `cells` by the places of both, for names may repeat."""
    samples = {place: sample(f"{agents[place[0]]}, {templates[place[1]]}", counted) for place, counted in cells.items()}
    return heat(key=key, title=title, down=agents, across=templates, cells=samples)
