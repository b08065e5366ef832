"""The interval beside a mean."""

import math

import pytest

from evalhub.cli.statistics import mean_of, t_quantile, t_within


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
    assert str(mean_of([50.0, 50.0])) == "50.0 ± 0.0"


def test_nothing_has_no_mean() -> None:
    assert mean_of([]) is None
