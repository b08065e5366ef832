"""Windows of days, told by day or by week."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runs.batches.steps import Steps

LAST = date(2026, 3, 31)


def test_by_week_the_last_ends_today_and_the_oldest_may_be_short() -> None:
    steps = Steps(LAST - timedelta(days=15), LAST, 7)
    assert steps.days == [date(2026, 3, 16), date(2026, 3, 18), date(2026, 3, 25)]
    assert [steps.of(date(2026, 3, day)) for day in (16, 17, 18, 24, 25, 31)] == [steps.days[place] for place in (0, 0, 1, 1, 2, 2)]


@given(st.integers(1, 120), st.sampled_from([1, 7]))
def test_every_day_is_in_the_step_that_begins_last_before_it(many: int, length: int) -> None:
    steps = Steps(LAST - timedelta(days=many - 1), LAST, length)
    for back in range(many):
        day = LAST - timedelta(days=back)
        assert steps.of(day) == max(first for first in steps.days if first <= day)
