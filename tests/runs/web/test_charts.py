"""What the pictures of runs show. The geometry has its own tests, in tests/evalhub/common/charts."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest

from evalhub.common.statistics import Sums, mean_of
from runs.web import charts

FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(4)]
PURPOSES = {"user": "Simulated user", "agent": "Agent", "judge": "Judge"}


@dataclass(frozen=True)
class Counted:
    scores: Sums = Sums()
    unscored: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Spent:
    model: str
    purpose: str
    price: str = "0"
    calls: int = 1
    unpriced: int = 0

    @property
    def price_usd(self) -> Decimal:
        return Decimal(self.price)


def sums(*scores: float) -> Sums:
    parts = [round(1000 * score) for score in scores]
    return Sums(len(parts), sum(parts), sum(part**2 for part in parts), 1000)


def test_a_day_says_its_mean_its_interval_and_what_is_in_it() -> None:
    scores = {DAYS[0]: Counted(sums(70, 80, 90)), DAYS[1]: Counted(sums(75.5), unscored=2), DAYS[3]: Counted(failed=1, unscored=1)}
    drawn = charts.trend(key="k", title="t", days=DAYS, scores=scores)
    assert list(drawn.rows) == [
        ("1 Mar", "80 (55.2 to 100)", "n 3"),
        ("2 Mar", "75.5", "n 1, 2 unscored"),
        ("4 Mar", "none", "n 0, 1 unscored, 1 failed"),
    ]
    assert len(drawn.dots) == 2  # the day without a score is not a day of zero


def test_the_interval_is_the_one_of_the_scores() -> None:
    values = [61.2, 70.4, 66.6, 71.0]
    told, expected = charts.sample("day", Counted(sums(*values))), mean_of(values)
    assert expected is not None
    assert expected.half_width is not None
    assert told.value == pytest.approx(expected.value)
    assert told.bounds == (pytest.approx(expected.value - expected.half_width), pytest.approx(expected.value + expected.half_width))


def test_statuses_that_no_run_has_are_not_named() -> None:
    drawn = charts.statuses(key="k", title="t", counts={"pending": 1, "running": 0, "completed": 1200, "failed": 3})
    assert [(part.label, part.shown) for part in drawn.legend] == [("completed", "1,200"), ("failed", "3"), ("pending", "1")]


@pytest.mark.parametrize(
    ("spent", "words"),
    [
        (Spent("m", "agent", "1.5"), "$1.5000"),
        (Spent("m", "agent", "1.5", calls=4, unpriced=3), "$1.5000 + 3 unpriced"),
        (Spent("m", "agent", calls=3, unpriced=3), "unpriced"),
        (Spent("m", "agent", calls=3), "$0.0000"),
        (Spent("m", "agent", calls=3, unpriced=2), "$0.0000 + 2 unpriced"),
    ],
)
def test_a_price_that_nobody_knows_is_never_nothing(spent: Spent, words: str) -> None:
    assert charts.spend_by_model(key="k", title="t", spent=[spent], purposes=PURPOSES).rows[0][1] == words


def test_models_stand_by_what_they_cost_and_their_parts_by_purpose() -> None:
    spent = [Spent("cheap", "judge", "1"), Spent("dear", "judge", "3"), Spent("dear", "user", "2"), Spent("", "agent", calls=9)]
    drawn = charts.spend_by_model(key="k", title="t", spent=spent, purposes=PURPOSES)
    assert [line.label for line in drawn.lines] == ["dear", "cheap", "Models that never answered"]
    assert [piece.tone for piece in drawn.pieces] == ["1", "3", "3"]
    assert drawn.rows[0] == ("dear", "$5.0000: Simulated user $2.0000, Judge $3.0000")


def test_more_models_than_fit_are_added_up_as_others() -> None:
    drawn = charts.spend_by_model(key="k", title="t", spent=[Spent(f"m{n}", "agent", str(20 - n)) for n in range(11)], purposes=PURPOSES)
    assert [line.label for line in drawn.lines] == [*(f"m{n}" for n in range(7)), "Others (4)"]
    assert drawn.lines[-1].shown == "$46.0000"


def test_purposes_stand_in_the_order_of_a_runs_life() -> None:
    spent = [Spent("a", "judge", "1"), Spent("b", "user", "2"), Spent("c", "judge", "4"), Spent("c", "new kind", "1")]
    drawn = charts.spend_by_purpose(key="k", title="t", spent=spent, purposes=PURPOSES)
    assert [(line.label, line.shown) for line in drawn.lines] == [
        ("Simulated user", "$2.0000"),
        ("Judge", "$5.0000"),
        ("new kind", "$1.0000"),
    ]


def test_agents_of_one_name_have_rows_of_their_own() -> None:
    cells = {(0, 0): Counted(sums(70, 80)), (1, 0): Counted(sums(40.0))}
    drawn = charts.matrix(key="k", title="t", agents=["Mara", "Mara"], templates=["Quality"], cells=cells)
    assert [cell.shown for cell in drawn.cells] == ["75", "40"]
