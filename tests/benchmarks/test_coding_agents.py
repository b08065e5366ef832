"""The check of the real coding agents tells one that works from one that does not, and from one that is not there."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.sandbox import why_missing
from tests.benchmarks import coding_agents
from tests.benchmarks.coding_agents_mock import ANSWER
from tests.support.fake_agent import installed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1", coding_agents.HOST])
ASKS = """
import os, urllib.request
headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"]}
address = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
urllib.request.urlopen(urllib.request.Request(address, b'{"model": "m", "messages": []}', headers)).read()
"""
WORKS: tuple[dict[str, Any], ...] = (
    {"run": ["/usr/bin/python3", "-c", ASKS]},
    {"write": ["made.txt", "seen\n"]},
    {"say": ANSWER},
)


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    if reason := asyncio.run(why_missing()):
        pytest.skip(reason)


def checked(steps: Sequence[dict[str, Any]]) -> int:
    with installed(steps, name="claude") as folder:
        return coding_agents.main(["--only", "claude-code", "--folder", str(folder)])


def test_one_that_asks_its_server_works_and_answers_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(WORKS) == 0
    assert "ms: works" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("steps", "said"),
    [(WORKS[1:], "another account"), (WORKS[:1] + WORKS[2:], "left no file"), (WORKS[:2], "last words"), ([{"exit": 3}], "code 3")],
)
def test_one_that_leaves_something_out_does_not(steps: Any, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(steps) == 1
    assert said in capsys.readouterr().out


def test_one_that_is_not_there_is_no_failure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.benchmarks.coding_agents.shutil.which", lambda *_, **__: None)
    assert coding_agents.main([]) == 0
    assert capsys.readouterr().out.count("not installed") == 2


def test_the_command_for_a_gateway_is_the_one_of_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs/eval-runs.md").read_text()
    assert coding_agents.CODEX.format(address="https://gateway.example.com") in page.splitlines()
