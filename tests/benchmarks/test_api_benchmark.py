"""The benchmark of the API runs, small; how fast it must be is for a quiet machine and the full size."""

import re

import pytest

from tests.benchmarks import api
from tests.benchmarks.asking import Ask

KINDS = 18


def test_it_asks_both_sizes_for_every_page_and_finds_the_same_number_of_queries(capsys: pytest.CaptureFixture[str]) -> None:
    rows = api.compare("sqlite", runs=200, small=60, requests=2)
    printed = capsys.readouterr().out
    assert "200 runs, 1," in printed
    assert len(rows) == KINDS
    for row in rows:
        assert re.search(rf"^{re.escape(row.ask.label)} +(\d+\.\d+ +){{6}}{row.queries[0]} +{row.queries[1]}$", printed, re.MULTILINE), (
            row.ask
        )
        assert len(row.small) == len(row.large) == 2
        assert row.queries[0] == row.queries[1]
    pages = [row for row in rows if row.ask.is_list]
    assert {row.queries[0] for row in pages} == {4, 5, 6}


def rows_of(small: float, large: float, queries: tuple[int, int] = (5, 5)) -> list[api.Row]:
    return [api.Row(Ask("list: offset, first page", "/"), [small] * 20, [large] * 20, queries)]


@pytest.mark.parametrize(
    ("rows", "kept"),
    [(rows_of(10.0, 14.9), True), (rows_of(10.0, 15.1), False), (rows_of(10.0, 10.0, (5, 6)), False)],
    ids=["near enough", "too far apart", "another query"],
)
def test_it_says_whether_the_list_keeps_its_promise(rows: list[api.Row], kept: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert api.verdict(rows) is kept
    assert f"{rows[0].ratio:.2f} times as long; 1.5 is allowed" in capsys.readouterr().out


def test_a_percentile_is_the_nearest_one_that_was_measured() -> None:
    assert api.at([float(number) for number in range(20)], 95) == 18.0
    assert api.at([float(number) for number in range(200)], 95) == 189.0
    assert api.at([7.0], 50) == 7.0
