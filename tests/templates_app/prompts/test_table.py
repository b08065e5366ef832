"""Tables of prompts, as spreadsheets and people write them."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.models import Prompt, PromptTopic
from templates_app.prompts import services, table
from templates_app.prompts.table import Table, Unreadable
from tests import factories


def told(read: Table) -> list[tuple[str, str]]:
    return [(line.topic, line.text) for line in read.good]


@pytest.mark.parametrize(
    "text",
    [
        'topic,text\nPricing,"Which, then?"\nSupport,Who helps?\n',
        'topic;text\r\nPricing;"Which, then?"\r\nSupport;Who helps?\r\n',
        'Topic\tPrompt\nPricing\t"Which, then?"\n\n\nSupport\tWho helps?',
        '\ufeffQuestion,Owner,Topic\n"Which, then?",Ann,Pricing\nWho helps?,Bo,Support\n',
        'Pricing,"Which, then?"\nSupport,Who helps?\n',
        'text,topic,status\r"Which, then?",Pricing,active\rWho helps?,Support,active\r',
    ],
)
def test_it_understands_delimiters_headers_and_their_absence(text: str) -> None:
    assert told(table.read(text)) == [("Pricing", "Which, then?"), ("Support", "Who helps?")]


def test_a_list_of_texts_takes_the_topic_that_is_given_with_it() -> None:
    assert told(table.read("Which is best?\nWho helps?", topic="Pricing")) == [("Pricing", "Which is best?"), ("Pricing", "Who helps?")]


def test_a_text_may_have_lines_and_errors_name_the_line_it_begins_in() -> None:
    read = table.read('topic,text\nA,"one\ntwo\nthree"\nB,\n,No topic\nC,"x",openai|demo,"a; b"\nD,x,y\n')
    assert [(line.number, line.error) for line in read.wrong] == [
        (5, "A text is needed."),
        (6, "A topic is needed."),
        (7, "4 cells for 2 columns. Put a text with the delimiter in it into quotation marks."),
        (8, "3 cells for 2 columns. Put a text with the delimiter in it into quotation marks."),
    ]
    assert read.good[0].text == "one\ntwo\nthree"


def test_platforms_and_tags_are_words_of_a_cell() -> None:
    (line,) = table.read('topic,text,platforms,tags\nA,x,"openai|demo , openai","launch; eu"').lines
    assert (line.platforms, line.tags) == (["openai", "demo"], ["launch", "eu"])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no line"),
        ('topic,text\nA,"one\nB,two\n', "Line 2: a quotation mark is opened there and never closed."),
        ('topic,text\nA,24" screens\nB,"two', "Line 3: a quotation mark"),
        ("\n \n;;\n", "no line"),
        ("topic,platforms\nA,b", "no column of texts"),
        ('topic,text\nA,"' + "x" * 200_000, "Line 2"),
        ("topic,text\n" + "A,x\n" * 10_001, "10,000 lines"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        table.read(text)


@pytest.mark.parametrize("row", ["A,a\x00b", "A," + "x" * 10_001, "A" * 121 + ",x", "A,x,p," + "|".join(map(str, range(21)))])
def test_a_row_that_cannot_be_stored_says_so_and_keeps_none_of_the_others_back(row: str) -> None:
    read = table.read(f"topic,text,platforms,tags\n{row}\nB,fine\n")
    assert [line.number for line in read.wrong] == [2]
    assert told(read) == [("B", "fine")]


def test_a_file_may_be_utf_8_or_utf_16_and_else_says_how_to_save_it() -> None:
    assert table.decoded("topic,text\nA,é".encode("utf-16")) == table.decoded("topic,text\nA,é".encode("utf-8-sig")) == "topic,text\nA,é"
    with pytest.raises(Unreadable, match="Line 2 is no UTF-8"):
        table.decoded("topic,text\nA,é".encode("latin-1"))
    with pytest.raises(Unreadable, match="workbook"):
        table.decoded(b"PK\x03\x04 and the rest of an .xlsx")
    with pytest.raises(Unreadable, match="at most"):
        table.decoded(b"x" * (table.LARGEST_FILE + 1))


def test_twins_are_named_by_line_or_as_there_already() -> None:
    read = table.without_twins(table.read("topic,text\nA,x\nA,y\na,X \nB,x\n"), [("A", "Y")])
    assert [(line.number, line.error) for line in read.wrong] == [(3, "This prompt is there already."), (4, "The same as line 2.")]


@pytest.mark.django_db
def test_a_hostile_cell_is_never_computed_and_comes_back_as_it_was() -> None:
    topic = services.topic_create(project=factories.project(), name="=HYPERLINK(1)")
    text = "=cmd|' /C calc'!A0\n<script>alert(1)</script>; \"quoted\""
    prompt = services.prompt_create(project=topic.project, topic_id=topic.pk, text=text, platform_ids=["@openai"], tags=["-launch"])
    written = "".join(table.written([prompt]))
    cells = list(csv.reader(StringIO(written.removeprefix("\ufeff"))))[1]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    (line,) = table.read(written).lines
    assert (line.topic, line.text, line.platforms, line.tags) == ("=HYPERLINK(1)", text, ["@openai"], ["-launch"])


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: text.strip() and text == text.strip() and text[0] != "'"
)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_whatever_prompts_say_they_come_back(prompts: list[tuple[str, str]]) -> None:
    rows = [Prompt(topic=PromptTopic(name=" ".join(topic.split())), text=text) for topic, text in prompts]
    written = "".join(table.written(_Untagged.all_of(rows)))
    assert told(table.read(written)) == [(row.topic.name, row.text) for row in rows]


class _Untagged:
    """A prompt that no database has tags for."""

    def __init__(self, prompt: Prompt) -> None:
        self.topic, self.text, self.platform_ids, self.status = prompt.topic, prompt.text, prompt.platform_ids, prompt.status
        self.tags = self

    def all(self) -> list[str]:
        return []

    @classmethod
    def all_of(cls, prompts: list[Prompt]) -> list["_Untagged"]:
        return [cls(prompt) for prompt in prompts]


@given(st.text(st.sampled_from("topicex,;\t\"\n\r\x00' =|AB"), max_size=80))
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        read = table.read(text)
    except Unreadable:
        return
    assert all(line.error or line.text and line.topic for line in read.lines)
