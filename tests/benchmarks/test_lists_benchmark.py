"""The benchmark of the list runs, small; how fast it must be is for a quiet machine and the full size."""

import pytest

from tests.benchmarks import lists


def test_it_asks_both_sizes_for_every_page(capsys: pytest.CaptureFixture[str]) -> None:
    rows = lists.compare("sqlite", runs=120, small=60, requests=1)
    printed = capsys.readouterr().out
    labels = [row.label for row in rows]
    assert len(labels) == len(set(labels)) == 27
    assert all(label in printed for label in labels)
    shown = {row.label: row.runs for row in rows}
    assert shown["list"] == shown["search: word of every run"] == (30, 30)
    assert shown["search: word of none"] == (0, 0)


@pytest.mark.parametrize(("large", "kept"), [(14.9, True), (15.1, False)])
def test_pages_that_show_as_many_runs_keep_the_promise(large: float, kept: bool) -> None:
    rows = [lists.Row("list", [10.0] * 3, [large] * 3, (30, 30)), lists.Row("filter: rare", [1.0] * 3, [9.0] * 3, (1, 30))]
    assert lists.verdict(rows) is kept
