"""Shares, ceilings and tokens as numbers: what holds for any workers, any answers and any clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.limits.arithmetic import Answers, Bucket, Ceiling, Holder, asked_lately, counted, depth, fair, in_line, rate, target

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
wants = st.lists(st.integers(0, 60), min_size=1, max_size=8)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


# places


@given(places=st.integers(0, 100), wanted=wants)
def test_every_place_is_given_and_none_twice(places: int, wanted: list[int]) -> None:
    parts = fair(places, wanted)
    assert sum(parts) == places
    assert min(parts) >= 0


@given(places=st.integers(0, 100), wanted=wants)
def test_nobody_goes_short_while_another_has_more_than_one_above_him(places: int, wanted: list[int]) -> None:
    parts = fair(places, wanted)
    short = [part for part, want in zip(parts, wanted, strict=True) if part < want]
    assert all(part <= min(short, default=places) + 1 or part <= want for part, want in zip(parts, wanted, strict=True))
    if short:
        assert max(part for part, want in zip(parts, wanted, strict=True) if want) <= min(short) + 1


def test_what_a_small_want_leaves_goes_to_the_others() -> None:
    assert fair(10, [1, 20, 20]) == [1, 5, 4]


def test_places_that_nobody_wants_are_at_hand_all_the_same() -> None:
    assert fair(10, [2, 0]) == [6, 4]


@given(st.data())
def test_shares_never_exceed_the_places_whoever_asks_in_whatever_order(data: st.DataObject) -> None:
    places = data.draw(st.integers(1, 20))
    granted = dict.fromkeys("abc", 0)
    for second in range(data.draw(st.integers(1, 30))):
        me = data.draw(st.sampled_from("abc"))
        wanted = data.draw(st.integers(0, 30))
        in_use = data.draw(st.integers(0, granted[me]))
        holders = {name: Holder(wanted, count, NOW) for name, count in granted.items()}
        granted[me] = max(in_use, target(me, holders, places, later(second)))
        assert sum(granted.values()) <= places


def test_a_worker_that_came_later_gets_its_part_as_soon_as_the_first_has_let_go() -> None:
    holders = {"first": Holder(50, 10, NOW), "second": Holder(50, 0, NOW)}
    assert target("second", holders, 10, NOW) == 0
    assert target("first", holders, 10, NOW) == 5
    holders["first"] = Holder(50, 5, NOW)
    assert target("second", holders, 10, NOW) == 5


def test_a_single_place_goes_round() -> None:
    holders = {"a": Holder(9, 1, NOW), "b": Holder(9, 0, NOW), "c": Holder(9, 0, later(0.5))}
    assert in_line(holders, later(1)) == ["a", "b", "c"], "who just got it may use it"
    assert in_line(holders, later(3)) == ["b", "c", "a"], "then who has waited longest is first"


# ceiling


def test_without_a_429_there_is_no_ceiling() -> None:
    quiet = Ceiling().after(Answers(fine=500, open=80), open_everywhere=80, most=None, now=NOW)
    assert quiet.places(None) is None
    assert quiet.places(7) == 7


def test_a_burst_in_which_everything_is_refused_halves_what_was_open() -> None:
    cut = Ceiling().after(Answers(refused=80, open=80), open_everywhere=80, most=None, now=NOW)
    assert cut.places(None) == 40
    assert cut.cuts == 1


def test_the_cut_is_as_large_as_the_part_that_was_refused() -> None:
    assert Ceiling(40, 1, NOW).after(Answers(fine=75, refused=25, open=40), open_everywhere=40, most=None, now=NOW).places(None) == 30


def test_a_few_refusals_hold_the_ceiling_where_it_is() -> None:
    few = Answers(fine=90, refused=10, open=40)
    first = Ceiling().after(few, open_everywhere=40, most=None, now=NOW)
    assert (first.places(None), first.cuts) == (40, 0)
    assert first.after(few, open_everywhere=30, most=None, now=later(1)).places(None) == 40


def test_one_more_place_for_a_ceiling_of_answers() -> None:
    assert Ceiling(10, 1, NOW).after(Answers(fine=10, open=10), open_everywhere=10, most=None, now=later(1)).places(None) == 11


def test_a_ceiling_that_is_not_reached_does_not_rise() -> None:
    assert Ceiling(10, 1, NOW).after(Answers(fine=40, open=2), open_everywhere=2, most=None, now=later(1)).places(None) == 10


def test_a_ceiling_ends_at_the_configured_limit_or_after_three_quiet_minutes() -> None:
    busy = Answers(fine=20, open=10)
    assert Ceiling(9.5, 1, NOW).after(busy, open_everywhere=10, most=11, now=later(1)).height is None
    assert Ceiling(9.5, 1, NOW).after(busy, open_everywhere=10, most=None, now=later(179)).height is not None
    assert Ceiling(9.5, 1, NOW).after(busy, open_everywhere=10, most=None, now=later(181)).height is None


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)), max_size=40), st.none() | st.integers(1, 30))
def test_a_ceiling_never_shuts_a_provider_nor_passes_its_limit(steps: list[tuple[int, int, int]], most: int | None) -> None:
    ceiling = Ceiling()
    for second, (fine, refused, in_use) in enumerate(steps):
        ceiling = ceiling.after(Answers(fine, refused, in_use), open_everywhere=in_use, most=most, now=later(second))
        places = ceiling.places(most)
        assert places is None or 1 <= places <= (most or 1000)


def test_a_server_that_takes_ten_is_found_and_kept_busy() -> None:
    """Closed loop: 50 are always wanted, the server refuses what is above ten."""
    ceiling, served, refused = Ceiling(), 0, 0
    for turn in range(300):
        sent = ceiling.places(None) or 50
        taken = min(sent, 10)
        answers = Answers(taken, sent - taken, sent)
        ceiling = ceiling.after(answers, open_everywhere=sent, most=None, now=later(turn * 0.2))
        served, refused = served + taken, refused + sent - taken
    assert served > 0.9 * 300 * 10
    assert refused < 0.13 * served


# tokens


@pytest.mark.parametrize("per_minute", [1, 2, 7, 60, 600, 6000])
def test_a_full_bucket_and_a_minute_of_refill_make_no_more_than_the_limit(per_minute: int) -> None:
    assert depth(per_minute) - 1 + rate(per_minute) * 60 <= per_minute
    assert rate(per_minute) * 60 >= 0.9 * per_minute or per_minute < 30


@given(st.data())
def test_no_window_of_sixty_seconds_sees_more_than_the_limit(data: st.DataObject) -> None:
    """Three workers take, keep, use and return tokens at random; every use is written down."""
    per_minute = data.draw(st.integers(1, 40))
    bucket, hands, used, now = Bucket(0, later(-3600)), [0, 0, 0], [], 0.0
    for _ in range(data.draw(st.integers(1, 80))):
        now += data.draw(st.floats(0, 20))
        who = data.draw(st.integers(0, 2))
        returned = data.draw(st.integers(0, hands[who]))
        hands[who] -= returned
        bucket = Bucket(bucket.tokens + returned, bucket.refilled_at).refilled(per_minute, sum(hands), later(now))
        more = min(int(bucket.tokens), data.draw(st.integers(0, 50)))
        bucket = Bucket(bucket.tokens - more, bucket.refilled_at)
        hands[who] += more
        spent = data.draw(st.integers(0, hands[who]))
        hands[who] -= spent
        used += [now] * spent
    assert all(sum(start <= moment < start + 60 for moment in used) <= per_minute for start in used)


def test_a_clock_that_goes_back_refills_nothing() -> None:
    assert Bucket(0, later(3600)).refilled(600, 0, NOW) == Bucket(0, NOW)


# what was asked lately


def test_requests_are_counted_for_a_minute() -> None:
    slots = counted(counted([], 3, NOW), 4, later(25))
    assert asked_lately(slots, later(30)) == 7
    assert asked_lately(slots, later(65)) == 4
    assert asked_lately(slots, later(3600)) == 0
    assert all(first[0] < second[0] for first, second in pairwise(slots))
