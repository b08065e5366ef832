import csv
from io import StringIO

import pytest

from evalhub.common.spreadsheet import FORMULA_STARTS, row, safe


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(start: str) -> None:
    assert safe(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


@pytest.mark.parametrize("text", ["", "plain", "a = b", "1-2", "<b>", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert row([-1.5, 0, None, "-1.5"]) == "-1.5,0,,'-1.5\r\n"


def test_commas_quotes_and_line_ends_stay_in_their_cell() -> None:
    texts = ['a,"b"', "two\nlines\r\nand more", "\ufeffmark"]
    assert next(csv.reader(StringIO(row(texts), newline=""))) == texts


def test_a_byte_that_readers_refuse_is_dropped_before_the_look_at_the_start() -> None:
    assert safe("\x00=1") == "'=1"
