"""The interval beside a mean."""

import math

import pytest

from evalhub.common.statistics import RANKS, Sums, difference, mean_of, rate_of, t_quantile, t_within


@pytest.mark.parametrize(
    ("freedom", "expected"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (39, 2.023), (1000, 1.962)]
)
def test_it_agrees_with_the_printed_table_of_student_t(freedom: int, expected: float) -> None:
    assert t_quantile(0.95, freedom) == pytest.approx(expected, abs=0.0006)


def test_one_degree_of_freedom_is_the_cauchy_distribution() -> None:
    assert t_within(1.0, 1) == pytest.approx(0.5)


def test_a_mean_carries_its_half_width() -> None:
    mean = mean_of([70.0, 80.0, 90.0])
    assert mean is not None
    assert (mean.n, mean.value) == (3, 80.0)
    assert mean.half_width == pytest.approx(4.3027 * 10 / math.sqrt(3), rel=1e-4)


def test_one_value_has_no_interval() -> None:
    assert str(mean_of([42.0])) == "42.0"


def test_equal_values_have_an_interval_of_width_zero() -> None:
    assert str(mean_of([50.0, 50.0])) == "50.0 (50.0 to 50.0)"


def test_two_scores_cannot_be_trusted_further_than_their_scale() -> None:
    mean = mean_of([80.0, 90.0])
    assert mean is not None
    assert mean.half_width == pytest.approx(63.53, abs=0.01)
    assert mean.interval == (pytest.approx(21.47, abs=0.01), 100.0)
    assert str(mean) == "85.0 (21.5 to 100.0)"
    assert str(mean_of([10.0, 20.0])) == "15.0 (0.0 to 78.5)"


def test_a_rank_is_never_before_the_first_and_has_no_last() -> None:
    ranks = Sums(2, 4, 10).mean_on(RANKS)  # 1 and 3
    assert ranks is not None
    assert ranks.interval == (1.0, pytest.approx(2 + 12.706, abs=0.01))


def test_two_means_cannot_differ_by_more_than_the_scale() -> None:
    told = difference(sums(80.0, 90.0), sums(10.0, 20.0))
    assert told is not None
    assert told.half_width is not None
    assert told.interval == (pytest.approx(70 - told.half_width), 100.0)
    assert difference(sums(80.0), sums(10.0)).interval is None  # type: ignore[union-attr]  # neither is empty


def test_nothing_has_no_mean() -> None:
    assert mean_of([]) is None


def test_many_degrees_of_freedom_go_on_where_the_exact_sum_ends() -> None:
    exact = next(step / 1e5 for step in range(190_000, 200_000) if t_within(step / 1e5, 150) >= 0.95)
    assert t_quantile(0.95, 150) == pytest.approx(exact, abs=2e-5)
    assert t_quantile(0.95, 100) > t_quantile(0.95, 101) > t_quantile(0.95, 10**6) > 1.9599


def sums(*values: float) -> Sums:
    parts = [round(1000 * value) for value in values]
    return Sums(len(parts), sum(parts), sum(part**2 for part in parts), 1000)


def test_sums_know_the_mean_that_the_values_have() -> None:
    values = [81.8, 74.3, 90.0, 61.7, 61.7]
    mean, expected = sums(*values).mean, mean_of(values)
    assert mean is not None
    assert expected is not None
    assert (mean.n, mean.value, mean.half_width) == (5, pytest.approx(expected.value), pytest.approx(expected.half_width))


def test_sums_add_up_in_any_order() -> None:
    assert sums(81.8) + sums(74.3, 90.0) == sums(90.0, 81.8, 74.3) + Sums()
    assert Sums().mean is None
    assert str(sums(42.0).mean) == "42.0"


def test_a_difference_has_welchs_interval() -> None:
    """Variances 14.8 and 33.3 of five each: a standard error of 3.1016, and 6.97 degrees of freedom, of which six are used."""
    told = difference(sums(60, 64, 70, 66, 68), sums(72, 80, 84, 71, 81))
    assert told is not None
    assert told.value == pytest.approx(-12.0)
    assert told.half_width == pytest.approx(2.4469 * 3.1016, abs=0.001)
    assert told.verdict == "worse"


def test_a_difference_within_its_interval_is_not_distinguishable() -> None:
    told = difference(sums(70, 90), sums(60, 80))
    assert told is not None
    assert told.verdict == "not distinguishable"


@pytest.mark.parametrize(("new", "old"), [((80.0,), (60.0, 70.0)), ((60.0, 70.0), (80.0,)), ((80.0, 80.0), (60.0, 60.0))])
def test_too_few_values_or_none_that_differ_give_no_verdict(new: tuple[float, ...], old: tuple[float, ...]) -> None:
    told = difference(sums(*new), sums(*old))
    assert told is not None
    assert (told.half_width, told.verdict) == (None, "too few to compare")


def test_there_is_no_difference_from_nothing() -> None:
    assert difference(sums(80.0, 70.0), Sums()) is None


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
)
def test_a_rate_has_the_published_intervals_of_wilson(passed: int, n: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    rate = rate_of(passed, n)
    assert rate is not None
    assert (rate.low, rate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_a_rate_of_nothing_is_none() -> None:
    assert rate_of(0, 0) is None


def test_all_or_none_passed_keeps_its_end_and_is_not_certain() -> None:
    everything, nothing = rate_of(4, 4), rate_of(0, 4)
    assert everything is not None
    assert nothing is not None
    assert (everything.high, nothing.low) == (1.0, 0.0)
    assert everything.low == pytest.approx(1 - nothing.high) == pytest.approx(0.5101, abs=5e-5)
    assert str(everything) == "100 % (51 to 100)"
