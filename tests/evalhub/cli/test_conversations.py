"""Lines of a conversations file: what passes, and how the rest is told."""

import io
import json
from pathlib import Path

import pytest

from evalhub.cli.conversations import BadLine, parse_line, read_conversations
from evalhub.cli.errors import CommandError

ASK = {"role": "user", "content": "Hello"}
ANSWER = {"role": "assistant", "content": "Hi"}


def test_a_line_may_be_an_object_or_a_bare_list() -> None:
    assert parse_line(json.dumps({"id": 7, "messages": [ASK, ANSWER]})) == parse_line(json.dumps([ASK, ANSWER])) == [ASK, ANSWER]


def test_tool_calls_with_null_content_pass_and_unknown_keys_stay_out() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    calling = {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None, "audio": None}
    result = {"role": "tool", "content": "found", "tool_call_id": "c1", "name": "look"}
    assert parse_line(json.dumps([ASK, calling, result])) == [ASK, {"role": "assistant", "content": "", "tool_calls": [call]}, result]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "is no JSON"),
        ("3", 'must be {"messages": [...]}'),
        ("[3, 4]", "messages[0] must be an object"),
        (json.dumps([ASK]), "fewer than two"),
        (json.dumps([ASK, ASK]), "nothing to judge"),
        (
            json.dumps([{"role": "robot", "content": ""}, ANSWER]),
            "messages[0].role is 'robot'; it must be one of system, user, assistant, tool",
        ),
        (json.dumps([ASK, {"role": "assistant", "content": None}]), "messages[1].content is missing"),
        (json.dumps([ASK, {"role": "assistant", "content": 5}]), "messages[1].content must be a text"),
    ],
)
def test_a_bad_line_is_told_with_its_reason(line: str, told: str) -> None:
    with pytest.raises(BadLine) as error:
        parse_line(line)
    assert told in str(error.value)


def test_every_bad_line_is_named_by_its_number_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(["", json.dumps([ASK, ANSWER]), "{", "[]"]))
    with pytest.raises(CommandError) as error:
        read_conversations(str(path))
    assert "nothing was sent" in str(error.value)
    assert "line 3: is no JSON" in str(error.value)
    assert "line 4: has fewer than two messages" in str(error.value)


def test_only_the_first_of_many_bad_lines_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("{\n" * 25)
    with pytest.raises(CommandError, match=r"\(and 15 more\)"):
        read_conversations(str(path))


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" + json.dumps([ASK, ANSWER]) + "\n"))
    assert [conversation.line for conversation in read_conversations("-")] == [2]


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps([{**ASK, "content": "a\u2028b"}, ANSWER], ensure_ascii=False), encoding="utf-8")
    assert read_conversations(str(path))[0].messages[0]["content"] == "a\u2028b"


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("\n\n")
    with pytest.raises(CommandError, match="has no conversation in it"):
        read_conversations(str(path))
