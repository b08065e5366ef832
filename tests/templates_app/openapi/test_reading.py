"""The text of a document: JSON, YAML, and what is neither."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.openapi.document import read_document
from templates_app.openapi.reading import LARGEST, PAGE, Unreadable, read_text

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: yes\nb: 2024-01-02\nc: 12:30\nd: 010", {"a": "yes", "b": "2024-01-02", "c": "12:30", "d": 10}),
        ("200: {}\non: 0x1F\noff: 1e3\nno: ~", {"200": {}, "on": 31, "off": 1000.0, "no": None}),
        ("a: 0o17\nb: '0o17'", {"a": 15, "b": "0o17"}),
        ("a: '5'\nb: |\n  text\nc: true", {"a": "5", "b": "text\n", "c": True}),
        ("a: &it {x: 1, y: 2}\nb: *it\nc: {<<: *it, y: 3}", {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 3}}),
        ("{a: 1, b: c}", {"a": 1, "b": "c"}),
        ('\ufeff\n {"a": [1.5]}', {"a": [1.5]}),
    ],
)
def test_it_reads_json_and_yaml_of_the_core_schema(text: str, data: object) -> None:
    assert read_text(text) == data


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  \n", "The document is empty."),
        ("{", "It is not JSON: Expecting property name enclosed in double quotes (line 1, column 2)."),
        ('{"a": 1,\n "a": 2}', "Line 2, column 2: the key 'a' is there twice in one object."),
        ("a: 1\nb:\n  c: 1\n  c: 2", "Line 4, column 3: the key 'c' is there twice in one object."),
        ("a: &x [*x]", "Line 1, column 4: a value is part of itself."),
        ("? [a]\n: b", "Line 1, column 3: a key must be a text."),
        ("a: .nan", "Line 1, column 4: .nan is no JSON number."),
        (f"a: 0x{'f' * 5000}", f"Line 1, column 4: 0x{'f' * 38} is no JSON number."),
        ("a: !!python/object:os.system x", "Line 1, column 4: the tag tag:yaml.org,2002:python/object:os.system is not read here."),
        ("a: !!binary x", "Line 1, column 4: the tag tag:yaml.org,2002:binary is not read here."),
        ("<<: 3", "Line 1, column 5: << takes a mapping, or a list of mappings."),
        ('{"a": {"b": 1e999}}', "a.b: Is too large a number."),
        ('{"a": "\\ud800"}', "a: Has a character that cannot be stored (NUL, or half of a surrogate pair)."),
        ('a: "\\0"', "a: Has a character that cannot be stored (NUL, or half of a surrogate pair)."),
        ("\n<!doctype html><title>API docs</title>", PAGE),
        ("x: [", "Line 2, column 1: did not find expected node content."),
        ("[" * 100_000, "It is nested deeper than 64 levels."),
        ("- " * 70 + "a", "Line 1, column 131: it is nested deeper than 64 levels."),
        ("x" * (LARGEST + 1), "The document has 4,194,305 characters; at most 4,194,304 are read."),
    ],
)
def test_it_says_where_a_text_cannot_be_read(text: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_text(text)
    assert str(refused.value) == sentence


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]", *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30))]
    began = time.monotonic()
    with pytest.raises(Unreadable, match=r"Line 6, .*more than 500,000 values, aliases written out"):
        read_text("\n".join(lines))
    assert time.monotonic() - began < 5


def test_a_bomb_of_merged_mappings_is_refused_too() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 30))]
    with pytest.raises(Unreadable, match="more than 500,000 values"):
        read_text("\n".join(lines))


@given(JSON_VALUES.filter(lambda value: value not in ("", None)))
def test_it_reads_back_what_was_written_as_json(data: object) -> None:
    assert read_text(json.dumps({"it": data})) == {"it": data}


@given(st.text(max_size=300))
def test_any_text_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_document(text)
    assert str(refused.value).encode().endswith(b".")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a", "The document must be an object with openapi, info and paths."),
        (
            "swagger: '2.0'\npaths: {}",
            "swagger: this is a Swagger 2.0 document; OpenAPI 3.0 and 3.1 are read. Convert it to OpenAPI 3 first.",
        ),
        ("info: {}", "openapi: is not there, so this is no OpenAPI document. It names the version, such as 3.1.0."),
        ("openapi: 3.2.0\npaths: {}", "openapi: version '3.2.0' is not read; 3.0 and 3.1 are."),
        ("openapi: 3.0.0", "paths: is not there, so there is no operation to take."),
        ("openapi: 3.1.0\npaths: []", "paths: must be an object."),
    ],
)
def test_it_refuses_what_is_no_openapi_document_of_these_versions(text: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_document(text)
    assert str(refused.value) == sentence


def test_a_version_without_quotes_is_a_version() -> None:
    assert read_document("openapi: 3.0\npaths: {}").is_old
    assert not read_document("openapi: 3.1\nwebhooks: {a: {}}").is_old
