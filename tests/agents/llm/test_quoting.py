"""Foreign text made fit to show."""

import time

import pytest

from agents.llm.quoting import looks_like_html, quote, storable, storable_data
from agents.llm.reading import dig, keys_of, text_of, token_count


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  plain\n\n words ", "plain words"),
        ("<html><head><title>No</title></head><body><p>Bad &amp; sad</p></body></html>", "Bad & sad"),
        ("<script>evil()</script>visible<!-- note -->", "visible"),
        ("a < b and b > a", "a < b and b > a"),
        ("x" * 400, "x" * 299 + "…"),
        ("nul\x00", "nul\ufffd"),
    ],
)
def test_only_the_words_are_quoted(text: str, shown: str) -> None:
    assert quote(text) == shown


@pytest.mark.parametrize("text", ["<" * 200_000, "<head" * 50_000, "<!--" * 50_000])
def test_a_hostile_page_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    quote(text)
    assert time.perf_counter() - started < 1


def test_html_is_known_by_its_type_or_its_beginning() -> None:
    assert looks_like_html("text/html; charset=utf-8", "")
    assert looks_like_html("application/octet-stream", "\n<!DOCTYPE html><p>")
    assert not looks_like_html("application/json", '{"a": "<html>"}')


def test_strings_are_cleaned_wherever_they_stand() -> None:
    assert storable_data({"a\x00": ["\ud800", 1, None, {"b": "\x00"}]}) == {"a\ufffd": ["\ufffd", 1, None, {"b": "\ufffd"}]}


def test_digging_never_raises() -> None:
    data = {"a": [{"b": 1}]}
    assert dig(data, "a", 0, "b") == 1
    assert dig(data, "a", -1, "b") == 1
    for path in (("a", 5), ("x", "y"), ("a", "b"), ("a", 0, "b", "c"), (0,)):
        assert dig(data, *path) is None


@pytest.mark.parametrize(
    ("value", "count"), [(3, 3), (3.0, 3), (0, 0), (-1, None), (True, None), ("3", None), (float("nan"), None), (float("inf"), None)]
)
def test_token_counts_are_whole_or_unknown(value: object, count: int | None) -> None:
    assert token_count(value) == count


def test_what_is_there_is_described() -> None:
    assert keys_of({}) == "an empty object"
    assert keys_of({"a": 1, "b": 2}) == "an object with the keys a, b"
    assert keys_of([1, 2]) == "a list of 2"
    assert keys_of(None) == "null"
    assert text_of(None) == ""


@pytest.mark.parametrize(
    "text", ["", "plain", "It’s “quoted” — 🙂", "tab\tand\nline", "\ud83d\ude42 as two halves", "\x00", "a\udfffb", "é\x00"]
)
def test_what_is_storable_is_left_as_it_is_and_the_rest_can_be_stored_afterwards(text: str) -> None:
    clean = storable(text)
    assert "\x00" not in clean
    assert len(clean) == len(text)
    assert (clean == text) == ("\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text))
    clean.encode()
