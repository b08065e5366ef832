import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as some

from evalhub.common.spreadsheet import FORMULA_STARTS, as_written, row, safe


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(start: str) -> None:
    assert safe(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


@pytest.mark.parametrize("text", ["", "plain", "a = b", "1-2", "<b>", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert row([-1.5, 0, None, "-1.5"]) == '-1.5,0,"","\'-1.5"\r\n'


def test_commas_quotes_and_line_ends_stay_in_their_cell() -> None:
    texts = ['a,"b"', "two\nlines\r\nand more", "\ufeffmark"]
    assert next(csv.reader(StringIO(row(texts), newline=""))) == texts


def test_a_byte_that_readers_refuse_is_dropped_before_the_look_at_the_start() -> None:
    assert safe("\x00=1") == "'=1"


HOSTILE = [
    "a;=1+1",
    "a;@SUM(1)",
    "a;-2+cmd|' /C calc'!A0",
    "a;+HYPERLINK(1)",
    "a\t=1",
    "a\n=1",
    "a\r\n=1",
    "a;;=1",
    "a;\t=1",
    "a,=1",
    'a";=1',
    'a";"=1',
    "a;\uff1d1",
    "a;\x00=1",
    "=1;=1",
    'a;"-1+cmd|0',
    "a;-1\tcmd|0",
    "a\n-1&",
]
HARMLESS = ["a; b", "it works ;-)\nBye", "Do this:\n- one\n- two\nDone", "a;1-2", "a;'=1", "50 %;+3\n"]


def computed(cell: str) -> bool:
    """Whether a spreadsheet might, and something might come of it."""
    bare = cell.lstrip("\t\r\n").removeprefix('"').lstrip("\t\r\n")
    return bare.startswith(("=", "@", "\uff1d", "\uff20")) or (bare.startswith(("+", "-")) and any(sign in bare for sign in '(|!"'))


@pytest.mark.parametrize("parted", [",", ";", "\t"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_a_formula_whatever_sign_parts_cells(text: str, parted: str) -> None:
    line = row(["id", text, text])
    cells = [cell for read in csv.reader(StringIO(line, newline=""), delimiter=parted) for cell in read]
    assert not [cell for cell in cells if computed(cell)]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_a_formula_where_several_signs_part_cells_or_quotes_mean_nothing(text: str) -> None:
    line = row(["id", text, 1])
    assert line.startswith('"id","')
    unquoted = [cell for part in line.splitlines() for cell in part.replace("\t", ";").split(";")]
    assert not [cell for cell in unquoted if computed(cell)]
    assert '"' in line or ";" not in line


@pytest.mark.parametrize("text", HARMLESS)
def test_lists_and_smileys_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


def test_texts_are_quoted_for_readers_that_part_cells_at_several_signs() -> None:
    assert row(["a;b", "c\td", "e"]) == '"a;b","c\td","e"\r\n'


@pytest.mark.parametrize("text", [*(text for text in HOSTILE if "\x00" not in text), *HARMLESS[:4], "=1"])
def test_what_was_made_safe_can_be_taken_back(text: str) -> None:
    assert as_written(safe(text)) == text


def test_a_long_text_of_signs_takes_the_time_of_its_length() -> None:
    for begun in (";+", ";-a", "\n-", ";=", "+;", ';"', ';"+'):
        safe(begun * 50_000)


@given(some.text(alphabet=';,\t\n\r"=+-@(|a \uff1d', max_size=12))
def test_whatever_the_text_it_is_safe_read_as_it_was_made_and_taken_back(text: str) -> None:
    line = row(["id", text, "b(", 1])
    assert next(csv.reader(StringIO(line, newline="")))[1] == safe(text)
    assert as_written(safe(text)) == text
    for parted in ";\t":
        cells = [cell for read in csv.reader(StringIO(line, newline=""), delimiter=parted) for cell in read]
        assert not [cell for cell in cells if computed(cell)]
