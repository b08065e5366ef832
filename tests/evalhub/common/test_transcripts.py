"""Conversations in the shapes that people have them in."""

import contextlib
import json
import time
from typing import Any

import pytest

from evalhub.common.transcripts import Unreadable, messages_of, read_transcript

HELLO = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]


def chat_export(*said: tuple[str, str]) -> dict[str, Any]:
    """As ChatGPT exports a conversation: a tree of nodes, and the one that was shown last."""
    nodes: dict[str, Any] = {"n0": {"message": None, "parent": None}}
    for number, (role, text) in enumerate(said, start=1):
        message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}}
        nodes[f"n{number}"] = {"message": message, "parent": f"n{number - 1}"}
    return {"title": "A chat", "mapping": nodes, "current_node": f"n{len(said)}"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(HELLO),
        json.dumps({"messages": HELLO}),
        json.dumps([{"messages": HELLO}]),
        json.dumps({"run_id": "1", "transcript": HELLO}),
        json.dumps({"messages": HELLO[:1], "choices": [{"message": HELLO[1]}]}),
        json.dumps([chat_export(("user", "Hi"), ("assistant", "Hello!"))]),
        json.dumps(chat_export(("system", ""), ("user", "Hi"), ("assistant", "Hello!"))),
        "\n".join(map(json.dumps, HELLO)),
        "\ufeff" + "\r\n\r\n".join(map(json.dumps, HELLO)),
    ],
)
def test_json_in_many_shapes_is_the_same_conversation(text: str) -> None:
    assert list(read_transcript(text).messages) == HELLO


@pytest.mark.parametrize(
    "text",
    [
        "User: Hi\nAssistant: Hello!",
        "**Human:** Hi\n\n**AI**: Hello!\n",
        "  customer : Hi\r\n> Bot: Hello!",
        "You said:\nHi\nChatGPT said:\nHello!\n",
    ],
)
def test_plain_text_says_who_speaks_in_the_words_people_use(text: str) -> None:
    found = read_transcript(text)
    assert [(message["role"], message["content"]) for message in found.messages] == [("user", "Hi"), ("assistant", "Hello!")]


def test_a_message_goes_on_until_the_next_speaker_and_knows_its_line() -> None:
    found = read_transcript("\nUser: One\ntwo: three\n\nfour\nAssistant: Five")
    assert [message["content"] for message in found.messages] == ["One\ntwo: three\n\nfour", "Five"]
    assert list(found.lines) == [2, 6]


def test_a_line_of_dashes_begins_another_session() -> None:
    found = read_transcript("---\nUser: a\nAssistant: b\n---\n-----\nUser: c\nAssistant: d\n---\n")
    assert [message["session_index"] for message in found.messages] == [0, 0, 1, 1]


def test_of_a_tree_only_the_branch_that_was_shown_counts() -> None:
    export = chat_export(("user", "Hi"), ("assistant", "Hello!"))
    export["mapping"]["other"] = {"message": {"author": {"role": "assistant"}, "content": {"parts": ["Go away"]}}, "parent": "n1"}
    export["mapping"]["n1"]["parent"] = "n2"  # a circle ends it
    assert [message["content"] for message in messages_of(export) or []] == ["Hi", "Hello!"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("  \n", "nothing in it"),
        ("Hello there\nUser: Hi", "Line 1: it does not say who speaks"),
        ('{"role": "user"', "line 1, column"),
        ('{"role": "user", "content": "a"}\n{"role": ', "Line 2: It is not JSON"),
        ('{"a": 1}', "no conversation"),
        (json.dumps([{"messages": HELLO}, {"messages": HELLO}]), "2 conversations"),
        (json.dumps({"messages": HELLO}) + "\n" + json.dumps({"messages": HELLO}), "2 conversations"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ("[NaN]", "no JSON number"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read_transcript(text)


@pytest.mark.parametrize(
    "text", [" " * 2_000_000 + "x", "User:" + "\n" * 1_900_000, "*" * 2_000_000, "User: a\n" * 200_000, "[" * 1_000_000]
)
def test_two_megabytes_of_anything_take_a_moment_at_most(text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(Unreadable):
        read_transcript(text)
    assert time.process_time() - started < 5
