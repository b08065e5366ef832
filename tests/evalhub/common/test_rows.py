"""Lists of texts in forms: lines, and rows that come and go without a script."""

import pytest
from django import forms
from django.http import QueryDict

from evalhub.common.rows import Column, LinesField, RowsField, UnjudgedForm, rows_changed


class Listed(UnjudgedForm):
    lines = LinesField(most=3, length=5)
    facts = RowsField((Column("text", "", most=9),), noun="Fact", most=3)
    goals = RowsField((Column("title", "Title"), Column("more", "More", "text"), Column("from", "", "hidden")), noun="Goal", most=2)


def sent(text: str) -> Listed:
    return Listed(QueryDict(text))


def test_lines_are_items_without_what_is_blank() -> None:
    form = sent("lines=a%0D%0A%0D%0A++b++c%0A")
    assert form.is_valid()
    assert form.cleaned_data["lines"] == ["a", "b c"]


@pytest.mark.parametrize(("lines", "words"), [("a%0Ab%0Ac%0Ad", "At most 3; these are 4."), ("abcdef", "Number 1 has 6 characters")])
def test_too_many_lines_or_too_long_ones_are_refused(lines: str, words: str) -> None:
    assert words in sent(f"lines={lines}").errors["lines"][0]


def test_items_with_line_breaks_are_shown_on_one_line() -> None:
    assert Listed(initial={"lines": ["a\nb", "c"]})["lines"].value() == "a b\nc"


def test_rows_are_zipped_and_those_without_a_word_vanish() -> None:
    form = sent("goals_title=x&goals_title=&goals_title=y&goals_more=1&goals_more=&goals_more=&goals_from=0&goals_from=1&goals_from=2")
    assert form.is_valid()
    assert form.cleaned_data["goals"] == [{"title": "x", "more": "1", "from": "0"}, {"title": "y", "more": "", "from": "2"}]


def test_a_column_that_was_sent_shorter_is_filled_up() -> None:
    form = sent("goals_title=x&goals_title=y&goals_more=1")
    assert form.is_valid()
    assert [row["more"] for row in form.cleaned_data["goals"]] == ["1", ""]


def test_a_list_of_texts_is_drawn_as_rows() -> None:
    shown = str(Listed(initial={"facts": ["<b>", "two"]})["facts"])
    assert 'value="&lt;b&gt;"' in shown
    assert shown.count('name="facts_text"') == 3  # and the blank one to copy
    assert 'aria-label="Fact 2"' in shown


@pytest.mark.parametrize(
    ("button", "left"),
    [("add:facts", ["a", "b", ""]), ("remove:facts:0", ["b"]), ("remove:facts:9", ["a", "b"])],
)
def test_a_button_changes_the_rows_and_nothing_else(button: str, left: list[str]) -> None:
    data = QueryDict(f"facts_text=a&facts_text=b&lines=kept&rows={button}")
    changed = rows_changed(data, Listed().fields)
    assert changed is not None
    assert changed.getlist("facts_text") == left
    assert changed["lines"] == "kept"
    form = Listed(changed).unjudged()
    assert form.errors == {}


@pytest.mark.parametrize("button", ["", "add:lines", "add:nothing", "remove", "remove:facts:x", "add:facts;drop"])
def test_any_other_button_changes_nothing(button: str) -> None:
    assert rows_changed(QueryDict(f"facts_text=a&rows={button}"), Listed().fields) is None


def test_null_characters_are_refused() -> None:
    assert isinstance(sent("facts_text=a%00b").errors["facts"].as_data()[0], forms.ValidationError)
