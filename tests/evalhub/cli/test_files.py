"""Persona and session files, good and bad."""

from pathlib import Path

import pytest

from evalhub.cli.api import Refused
from evalhub.cli.errors import CommandError
from evalhub.cli.files import in_their_files, read_persona, read_sessions


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("name", "text"), [("p.json", '{"name": "Jo", "facts": ["a"]}'), ("p.yaml", "name: Jo\nfacts: [a]\n")])
def test_it_reads_json_and_yaml(tmp_path: Path, name: str, text: str) -> None:
    assert read_persona(write(tmp_path, name, text)) == {"name": "Jo", "facts": ["a"]}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert read_persona(write(tmp_path, "p.json", '\ufeff{"name": "Jo"}')) == {"name": "Jo"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("p.json", '{"name": }', "line 1, column 10"),
        pytest.param("p.json", "[" * 100_000, "nested too deeply", id="nested"),
        ("p.yaml", "name: [\n", "line 2, column 1"),
        ("p.yaml", "- Jo\n", "a persona is a mapping with name, description and style, not a list"),
        ("p.yaml", "", "not empty"),
        ("p.yaml", "description: nobody\n", "name: a persona needs one"),
        ("p.yaml", "name: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
    ],
)
def test_a_bad_persona_is_told_with_its_file_and_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(CommandError) as error:
        read_persona(path)
    assert str(error.value).startswith(path)
    assert told in str(error.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        read_persona(str(tmp_path / "none.yaml"))


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(CommandError, match="is no UTF-8 text"):
        read_persona(str(path))


def test_a_turn_may_be_just_its_text(tmp_path: Path) -> None:
    path = write(tmp_path, "s.yaml", "sessions:\n- name: one\n  turns:\n  - Hello\n  - user_message: Bye\n")
    assert read_sessions(path)[0]["turns"] == [{"user_message": "Hello"}, {"user_message": "Bye"}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "sessions: must be a list with at least one session"),
        ("sessions: 3", "not a number"),
        ("[Hello]", "sessions[0]: must be a mapping"),
        ("[{name: a, turns: Hello}]", "sessions[0].turns: must be a list, not a text"),
    ],
)
def test_bad_sessions_are_told_with_their_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CommandError) as error:
        read_sessions(write(tmp_path, "s.yaml", text))
    assert told in str(error.value)


def test_a_refusal_of_the_server_is_told_with_the_file_it_came_from() -> None:
    errors = [
        {"location": "body.user_persona.goal", "message": "must be a text"},
        {"location": "body.sessions[1].turns", "message": "too many"},
    ]
    refused = Refused(422, "Two fields are wrong.", errors)
    told = str(in_their_files(refused, {"user_persona": "p.yaml", "sessions": "s.yaml"}))
    assert told == "p.yaml: goal: must be a text s.yaml: sessions[1].turns: too many"


def test_a_refusal_about_something_else_stays_as_it_is() -> None:
    refused = Refused(404, "There is no agent 'X'.", [])
    assert in_their_files(refused, {"user_persona": "p.yaml"}) is refused
