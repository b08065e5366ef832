from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from evalhub.common import formatting

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"), [(-3, "0s"), (0.4, "0s"), (59.9, "59s"), (60, "1m 00s"), (192, "3m 12s"), (3840, "1h 04m"), (183600, "2d 3h")]
)
def test_a_duration_has_two_units_at_most(seconds: float, said: str) -> None:
    assert formatting.duration(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.0042, "4 ms"), (0.25, "250 ms"), (1.24, "1.2 s"), (75, "75.0 s")])
def test_a_delay_is_said_in_milliseconds_up_to_a_second(seconds: float, said: str) -> None:
    assert formatting.milliseconds(seconds) == said


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=8), "23 Feb 2026"),
    ],
)
def test_a_time_is_relative_until_a_week_has_passed(past: timedelta, said: str) -> None:
    assert formatting.ago(NOW - past, NOW) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0, "$0.0000"), (Decimal("0.0123"), "$0.0123"), (Decimal("0.00001"), "< $0.0001"), (1.5, "$1.5000"), (Decimal("1234.5"), "$1,234.50")],
)
def test_a_price_is_never_rounded_to_nothing(amount: Decimal | float, said: str) -> None:
    assert formatting.usd(amount) == said


@pytest.mark.parametrize(("value", "said"), [(78, "78"), (78.0, "78"), (77.46, "77.5"), (0, "0"), (100.0, "100")])
def test_a_score_has_a_decimal_only_where_it_has_one(value: float, said: str) -> None:
    assert formatting.score(value) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, ""),
        (45, "45 min later"),
        (60, "1 h later"),
        (90, "1.5 h later"),
        (1440, "24 h later"),
        (4320, "3 days later"),
        (3600, "2.5 days later"),
    ],
)
def test_the_gap_between_sessions_is_said_in_hours_then_days(minutes: int, said: str) -> None:
    assert formatting.gap(minutes) == said


@pytest.mark.parametrize(("minutes", "said"), [(26, "26 min"), (180, "3 h"), (1450, "24.2 h"), (6000, "4.2 days")])
def test_simulated_time_has_one_unit(minutes: int, said: str) -> None:
    assert formatting.simulated(minutes) == said
