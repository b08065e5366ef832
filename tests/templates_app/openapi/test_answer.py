"""The request in what a model said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templates_app.openapi.answer import NoRequest, WrittenRequest, written_request
from templates_app.reasons import FailureReason as Reason

DEEP = '{"method": "GET", "path": "/a", "body": ' + "[" * 90 + "]" * 90 + "}"
LONG = '{"method": "GET", "path": "/' + "a" * 4000 + '"}'


@pytest.mark.parametrize(
    "text",
    [
        '{"method": "get", "path": "/pets"}',
        'Here it is:\n```json\n{"method": "GET", "path": " /pets ",}\n```\nGood luck.',
        '<think>{"method": "PUT", "path": "/no"}</think>{"method": "GET", "path": "/pets", "query": null, "body": None}',
        'Such as {"method": "POST", "path": "/example"}. Mine is {"method": "GET", "path": "/pets"} with {"nothing": "else"}.',
    ],
)
def test_it_finds_the_request_in_prose_and_fences(text: str) -> None:
    assert written_request(text) == WrittenRequest("GET", "/pets")


def test_it_keeps_all_parts() -> None:
    whole = '{"method":"PUT","path":"/a","query":{"b":[1,2]},"headers":{"X":1},"cookies":{"c":"d"},"body":{"e":null}}'
    found = written_request(whole)
    assert found.as_json() == {
        "method": "PUT",
        "path": "/a",
        "query": {"b": [1, 2]},
        "headers": {"X": 1},
        "cookies": {"c": "d"},
        "body": {"e": None},
    }
    assert WrittenRequest("GET", "/a").as_json() == {"method": "GET", "path": "/a"}


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        (" \n", Reason.NO_ANSWER, "The answer is empty."),
        ("I cannot do that.", Reason.INVALID_REQUEST, "The answer has no JSON object in it."),
        ('{"a": 1}', Reason.INVALID_REQUEST, "The request has no method, such as GET."),
        ('{"method": 1, "path": "/a"}', Reason.INVALID_REQUEST, "The request has no method, such as GET."),
        ('{"method": "GET"}', Reason.INVALID_REQUEST, "The request has no path, such as /items."),
        ('{"method": "GET", "path": "/a", "query": "b=1"}', Reason.INVALID_REQUEST, "query must be an object of names and values."),
        ('{"method": "GET", "path": "/a", "headers": ["b"]}', Reason.INVALID_REQUEST, "headers must be an object of names and values."),
        (LONG, Reason.INVALID_REQUEST, "The path has 4,001 characters; at most 4,000 are sent."),
        ('{"method": "GET", "path": "/a", "body": NaN}', Reason.INVALID_REQUEST, "The request cannot be read: Is too large a number."),
        (DEEP, Reason.INVALID_REQUEST, "The request cannot be read: It is nested"),
        ('{"method": "GET", "path": "/\\ud800"}', Reason.INVALID_REQUEST, "The request cannot be read: Has a character that"),
    ],
)
def test_an_answer_without_a_request_has_a_reason(text: str, reason: Reason, message: str) -> None:
    with pytest.raises(NoRequest, match=message.replace("(", r"\(")) as refused:
        written_request(text)
    assert refused.value.reason == reason


@given(st.text(st.sampled_from('{}[]":,ab\\ \n`/012.methodpathNaN\x00\ud800'), max_size=200))
def test_any_text_is_a_request_or_a_reason(text: str) -> None:
    try:
        found = written_request(text)
    except NoRequest as refused:
        assert refused.reason in (Reason.NO_ANSWER, Reason.INVALID_REQUEST)  # noqa: PT017
    else:
        assert found.method
