"""Comparing text in any typography, and finding the way back to it."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.trials.folding import fold, folded_segment, segments

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("aAßİıIſ ﬁé\u0301\u0323가ᄀ\u1161\u11a8ｶﾞ\n\t \u00a0\u200dÅ①™²’-\u2011")), max_size=40
)


@given(TEXTS)
def test_it_is_nfkc_and_casefold_of_the_whole_text_whatever_stands_side_by_side(text: str) -> None:
    """Normalising segment by segment gives what normalising everything at once gives."""
    plain = re.sub(r"[\s\u0130\u0131\u00ad]", "x", text)
    pieces = "".join(unicodedata.normalize("NFKC", plain[start:end]) for start, end in segments(plain, 0, len(plain)))
    assert pieces == unicodedata.normalize("NFKC", plain)


@given(TEXTS)
def test_every_folded_character_knows_where_it_came_from(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)
    assert list(folded.ends) == sorted(folded.ends)


@given(TEXTS)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """But for white space, of which a paragraph's end is one and a line's end another."""
    once = fold(text).text
    assert re.sub(r"\s+", " ", fold(once).text) == re.sub(r"\s+", " ", once)


def test_two_line_ends_stay_one() -> None:
    assert fold("a\n\nb").text == "a\nb"
    assert fold("a\nb").text == "a b"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Café", "CAFE\u0301"),
        ("Weißbier", "WEISSBIER"),
        ("İSTANBUL", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("ΟΔΟΣ", "οδος"),
        ("McDonald’s", "mcdonald's"),
        ("Coca\u2011Cola", "coca-cola"),
        ("Ａｃｍｅ", "acme"),
        ("ｶﾞｽﾄ", "ガスト"),
        ("Ac\u00adme", "acme"),
        ("a\u00a0b", "a b"),
        ("a \r\n b", "a b"),
    ],
)
def test_what_reads_the_same_is_the_same(left: str, right: str) -> None:
    assert fold(left).text == fold(right).text


@pytest.mark.parametrize("sign", ["²", "①", "™", "℠"])
def test_a_note_or_sign_beside_a_name_is_no_letter_of_it(sign: str) -> None:
    assert not folded_segment(sign)[0].isalnum()


def test_half_a_character_is_no_way_into_the_original() -> None:
    folded = fold("Straße")
    assert folded.text == "strasse"
    assert folded.origin(0, 7) == (0, 6)
    assert folded.origin(0, 5) is None
    assert folded.origin(5, 7) is None


def test_a_surrogate_is_read_as_an_unknown_character() -> None:
    assert fold("a\ud800b").text == "a\ufffdb"


def test_an_empty_line_parts_what_a_line_break_does_not() -> None:
    assert fold("a\nb\n\nc").text == "a b\nc"
