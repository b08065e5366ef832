"""`evalhub evaluate` as a shell sees it, against a stand-in of the API."""

import json
from pathlib import Path

import pytest

from tests.evalhub.cli.conftest import Command, StandIn, judged

MESSAGES = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
ASK = ["evaluate", "--agent", "Mara", "--template", "Conversation quality"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps({"messages": MESSAGES}) + "\n" for _ in range(3)))
    return str(path)


def test_it_starts_one_run_for_each_line_and_prints_the_mean(command: Command, server: StandIn, file: str) -> None:
    ended = command(*ASK, file)
    assert ended.code == 0
    assert len(server.bodies) == 3
    assert "3 conversations, 3 completed" in ended.out
    assert "80.0 (80.0 to 80.0)" in ended.out
    assert "$0.0900" in ended.out


def test_quality_only_is_passed_on(command: Command, server: StandIn, file: str) -> None:
    command(*ASK, "--quality-only", file)
    assert all(body["quality_only"] is True and body["messages"] == MESSAGES for body in server.bodies)


def test_a_bad_line_sends_nothing(command: Command, server: StandIn, file: str) -> None:
    Path(file).write_text(json.dumps(MESSAGES) + "\nnonsense\n")
    ended = command(*ASK, file)
    assert ended.code == 2
    assert "line 2: is no JSON" in ended.err
    assert server.bodies == []


def test_a_line_the_server_refuses_is_counted_as_failed_and_the_rest_goes_on(command: Command, server: StandIn, file: str) -> None:
    server.refusals = [(422, {"detail": "The role is wrong.", "errors": [{"location": "body.messages[0].role", "message": "Wrong."}]}, {})]
    ended = command(*ASK, file, "--concurrency", "1")
    assert ended.code == 1
    assert "3 conversations, 2 completed" in ended.out
    assert "line 1: EvalHub refused this: The role is wrong." in ended.out
    assert "1 of 3 conversations failed." in ended.err


def test_a_wrong_key_ends_it_with_one_sentence(command: Command, server: StandIn, file: str) -> None:
    server.refusals = [(401, {"detail": "The API key is not known."}, {})] * 3
    ended = command(*ASK, file)
    assert (ended.code, ended.err) == (2, "evalhub: EvalHub refused this: The API key is not known.\n")


def test_a_mean_below_the_threshold_ends_with_one(command: Command, server: StandIn, file: str) -> None:
    ended = command(*ASK, file, "--min-score", "90")
    assert ended.code == 1
    assert "The mean score 80.0 is below the threshold of 90." in ended.err


def test_json_has_the_summary_and_every_line(command: Command, server: StandIn, file: str) -> None:
    server.run = judged(None)
    told = json.loads(command(*ASK, file, "--json").out)
    assert told["summary"]["unscored"] == 3
    assert told["summary"]["score"] is None
    assert [run["line"] for run in told["runs"]] == [1, 2, 3]
