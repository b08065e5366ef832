"""Pictures as numbers: everything lies in its box, order is kept, and what is missing is not drawn as zero."""

import random
from itertools import pairwise

import pytest

from evalhub.common.charts import Bar, Part, Sample, bars, heat, histogram, line, radar, sparkline, stacked
from evalhub.common.charts.frame import around, clip, place, spread_out, step_of

SEEDS = range(25)


def course(chance: random.Random) -> list[Sample]:
    """Days, some without a value, some without an interval."""
    made = []
    for day in range(chance.randint(1, 40)):
        value = None if chance.random() < 0.3 else chance.uniform(0, 100)
        spread = None if value is None or chance.random() < 0.3 else chance.uniform(0, 60)
        bounds = (None, None) if value is None or spread is None else (value - spread, value + spread)
        made.append(Sample(f"day {day}", value, *bounds, note=f"n {day}"))
    return made


def numbers(path: str) -> list[float]:
    return [float(text) for text in path.replace("M", " ").replace("L", " ").replace(",", " ").split()]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_with_its_band_lies_in_its_box(seed: int) -> None:
    drawn = line(key="k", title="t", samples=course(random.Random(seed)))
    for path in [*drawn.lines, *drawn.gaps, *drawn.bands]:
        found = numbers(path)
        assert all(0 <= x <= drawn.width for x in found[::2])
        assert all(0 <= y <= drawn.height for y in found[1::2])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_value_has_one_dot_and_no_missing_value_has_any(seed: int) -> None:
    samples = course(random.Random(seed))
    drawn = line(key="k", title="t", samples=samples)
    assert [dot.told for dot in drawn.dots] == [sample.told for sample in samples if sample.value is not None]
    assert all(left < right for left, right in pairwise(float(dot.x) for dot in drawn.dots))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_higher_value_stands_higher(seed: int) -> None:
    samples = course(random.Random(seed))
    values = [sample.value for sample in samples if sample.value is not None]
    places = [float(dot.y) for dot in line(key="k", title="t", samples=samples).dots]
    for (value, y), (other, other_y) in pairwise(zip(values, places, strict=True)):
        assert (value <= other) == (y >= other_y) or y == pytest.approx(other_y, abs=0.02)


def test_days_without_a_value_break_the_line_and_are_bridged_by_dashes() -> None:
    values = [50, 60, None, None, 70, None, 80, 90]
    drawn = line(key="k", title="t", samples=[Sample(str(number), value) for number, value in enumerate(values)])
    assert (len(drawn.lines), len(drawn.gaps), len(drawn.dots)) == (2, 2, 5)


def test_a_day_alone_shows_its_interval_as_a_whisker() -> None:
    days = [Sample("a", 50, 40, 60), Sample("b", None), Sample("c", 50, 40, 60), Sample("d", 55, 45, 65)]
    drawn = line(key="k", title="t", samples=days)
    assert [bool(dot.whisker) for dot in drawn.dots] == [True, False, False]
    assert len(drawn.bands) == 1


def test_a_line_of_nothing_says_so_and_draws_nothing() -> None:
    drawn = line(key="k", title="t", samples=[Sample("a", None), Sample("b", None)])
    assert (drawn.lines, drawn.dots, drawn.rows) == ([], [], [])
    assert drawn.description == "There is no value yet."
    assert line(key="k", title="t", samples=[]).dots == []


def test_the_table_has_days_that_are_only_unscored() -> None:
    drawn = line(key="k", title="t", samples=[Sample("a", None, note="2 unscored"), Sample("b", None), Sample("c", 71.25, 60, 82.5)])
    assert list(drawn.rows) == [("a", "none", "2 unscored"), ("c", "71.2 (60 to 82.5)", "")]


def test_a_sparkline_keeps_to_its_box_and_marks_the_last_value() -> None:
    drawn = sparkline(key="k", title="t", samples=[Sample(str(value), value) for value in (0, 100, 50)])
    assert [dot.told for dot in drawn.dots] == ["50: 50"]
    assert drawn.y_ticks == ()
    assert all(0 <= number <= drawn.width for number in numbers(drawn.lines[0]))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 12])
def test_a_radar_stays_within_its_rings(count: int) -> None:
    drawn = radar(key="k", title="t", samples=[Sample(f"axis {number}", 150.0) for number in range(count)])
    assert drawn.shape == drawn.rings[-1]
    assert len(drawn.spokes) == count


def test_an_axis_without_a_value_is_named_but_has_no_place_in_the_shape() -> None:
    drawn = radar(key="k", title="t", samples=[Sample("a", 50), Sample("b", None), Sample("c", 100), Sample("d", 0)])
    assert len(drawn.shape.split()) == 3
    assert [bool(spoke.dot) for spoke in drawn.spokes] == [True, False, True, True]
    assert drawn.spokes[0].dot == (place(drawn.width / 2), place(drawn.height / 2 - 39))
    assert drawn.rows[1] == ("b", "none", "")


@pytest.mark.parametrize("seed", SEEDS)
def test_bars_are_as_long_as_their_values_and_parts_lie_end_to_end(seed: int) -> None:
    chance = random.Random(seed)
    rows = [Bar(f"row {number}", "", [Part(str(part), chance.uniform(1, 50), "") for part in range(3)]) for number in range(4)]
    drawn = bars(key="k", title="t", rows=rows)
    longest = max(row.value for row in rows)
    for number, row in enumerate(rows):
        pieces = drawn.pieces[3 * number : 3 * number + 3]
        assert sum(float(piece.width) for piece in pieces) == pytest.approx(drawn.width * row.value / longest, abs=0.1)
        for before, after in pairwise(pieces):
            assert float(after.x) == pytest.approx(float(before.x) + float(before.width), abs=0.02)


def test_a_part_too_small_to_see_is_seen_and_stays_in_the_box() -> None:
    drawn = stacked(key="k", title="t", parts=[Part("many", 1e6, "1000000"), Part("one", 1, "1"), Part("none", 0, "0")])
    assert [piece.told for piece in drawn.pieces] == ["many: 1000000", "one: 1"]
    assert float(drawn.pieces[1].x) + float(drawn.pieces[1].width) <= drawn.width
    assert [part.label for part in drawn.legend] == ["many", "one", "none"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_histogram_counts_every_value_once(seed: int) -> None:
    chance = random.Random(seed)
    values = [chance.choice([0.0, 10.0, 100.0, chance.uniform(0, 100)]) for _ in range(chance.randint(0, 60))]
    drawn = histogram(key="k", title="t", values=values)
    assert sum(int(row[1]) for row in drawn.rows) == len(values)
    assert int(drawn.rows[-1][1]) == sum(value >= 90 for value in values)
    assert all(0 <= float(piece.y) <= drawn.floor for piece in drawn.pieces)


def test_a_cell_without_a_value_has_no_shade() -> None:
    drawn = heat(key="k", title="t", down=["Mara", "Nora"], across=["Quality"], cells={(0, 0): Sample("Mara, Quality", 80.0)})
    assert [(cell.shown, bool(cell.shade)) for cell in drawn.cells] == [("80", True), ("–", False)]
    assert list(drawn.rows) == [("Mara", "80"), ("Nora", "none")]


def test_a_higher_value_has_a_deeper_shade() -> None:
    cells = {(0, column): Sample(str(column), 25.0 * column) for column in range(5)}
    shades = [float(cell.shade) for cell in heat(key="k", title="t", down=["a"], across=list("abcde"), cells=cells).cells]
    assert shades == sorted(shades)
    assert shades[-1] < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_a_range_holds_its_values_within_the_limits(seed: int) -> None:
    chance = random.Random(seed)
    values = [chance.uniform(0, 100) for _ in range(chance.randint(0, 9))]
    (low, high), marks = around(values, (0, 100), least=20)
    assert 0 <= low <= min(values, default=low)
    assert max(values, default=high) <= high <= 100
    assert high - low >= 20
    assert 2 <= len(marks) <= 6
    assert marks == sorted(set(marks))


def test_words_that_do_not_fit_are_cut_and_places_are_plain_numbers() -> None:
    assert clip("Conversation quality", 12) == "Conversatio…"
    assert [place(number) for number in (1.0, 1.234, -0.001, 1000.5)] == ["1", "1.23", "0", "1000.5"]
    assert spread_out(30, 4) == [0, 10, 19, 29]
    assert step_of(100, 4) == 50
