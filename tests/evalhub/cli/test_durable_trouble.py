"""`evalhub eval-runs` when something goes wrong: the server, the key, the network, or the person who waits."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.evalhub.cli.conftest import Command
from tests.evalhub.cli.test_durable import ID, Durable, durable, run
from tests.support.served import served

__all__ = ["durable"]  # a fixture
ROOT = Path(__file__).resolve().parents[3]
CREATE = ("eval-runs", "create", "--request", '{"type": "prompts"}')
RETRIEVE = ("eval-runs", "retrieve", "--eval-run-id", ID)
UNDER_WAY = run("running", stage="running", queued=4, summary=None)


class Scripted(Durable):
    """A stand-in that does something else at each look: a status with its sentence, a run, or "cut", "away", "page" and "stop"."""

    script: list[Any]

    async def show(self, request: web.Request) -> web.Response:
        self.looks += 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if step == "cut":
            assert request.transport
            request.transport.abort()
        if step == "page":
            return web.Response(text="<h1>Bad gateway</h1>", content_type="text/html", status=502)
        if step == "stop":
            os.kill(os.getpid(), signal.SIGINT)
            step = UNDER_WAY
        if isinstance(step, tuple):
            return web.json_response({"detail": step[1]}, status=step[0], headers={"Retry-After": "0.1"})
        return web.json_response(step)


def scripted(monkeypatch: pytest.MonkeyPatch, *script: Any) -> Any:
    """The stand-in while it is served, named as a person would."""
    stand_in = Scripted()
    stand_in.script = list(script)
    monkeypatch.setenv("EVALHUB_API_KEY", "sk_test")
    return stand_in, served(stand_in.application())


@pytest.mark.parametrize("trouble", [(429, "Too often."), (503, "The database is away."), (500, "EvalHub failed."), "cut", "page"])
def test_waiting_goes_on_over_a_server_that_is_busy_broken_or_restarting(
    command: Command, monkeypatch: pytest.MonkeyPatch, trouble: Any
) -> None:
    stand_in, serving = scripted(monkeypatch, UNDER_WAY, trouble, run())
    with serving as url:
        ended = command(*CREATE, "--wait", "--url", url)
    assert (ended.code, ended.err.count("\n"), stand_in.looks) == (0, 1, 3)  # what came of it, and no word about the trouble
    assert json.loads(ended.out)["status"] == "completed"


@pytest.mark.parametrize("refusal", [(401, "This API key is unknown here, or it was revoked."), (404, "Eval run not found")])
def test_a_refusal_while_waiting_ends_it_and_says_which_run_it_was(
    command: Command, monkeypatch: pytest.MonkeyPatch, refusal: tuple[int, str]
) -> None:
    _, serving = scripted(monkeypatch, UNDER_WAY, refusal)
    with serving as url:
        ended = command(*CREATE, "--wait", "--url", url)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.strip() == f"evalhub: EvalHub refused this: {refusal[1]} The run is not lost: {ID}"


def test_a_server_that_stays_away_ends_the_waiting_with_one_and_the_id(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalhub.cli.durable.PATIENCE_S", -1.0)
    _, serving = scripted(monkeypatch, UNDER_WAY, (500, "EvalHub failed."))
    with serving as url:
        ended = command(*CREATE, "--wait", "--url", url)
    assert (ended.code, ended.err.strip()) == (1, f"evalhub: EvalHub at {url} went away. The run is not lost: {ID}")


@pytest.fixture
def terminal() -> Iterator[None]:
    """Ctrl-C is heard. Whoever starts the tests in the background has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_stops_watching_and_says_how_to_go_on(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    _, serving = scripted(monkeypatch, UNDER_WAY, "stop", UNDER_WAY)
    with serving as url:
        ended = command(*CREATE, "--wait", "--url", url)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.strip() == f"Stopped watching. The run goes on: evalhub eval-runs retrieve --eval-run-id {ID}"


@pytest.mark.parametrize("answer", [{"hello": 1}, [], None, {"id": ID, "status": "completed"}])
def test_something_else_that_answers_in_json_is_one_sentence(command: Command, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    _, serving = scripted(monkeypatch, answer)
    with serving as url:
        ended = command(*RETRIEVE, "--url", url)
    assert (ended.code, ended.err.strip()) == (2, f"evalhub: What answers at {url} is no EvalHub: its answer is no eval run.")


def test_a_server_that_is_not_there_is_one_sentence(command: Command, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("EVALHUB_API_KEY", "sk_test")
    ended = command(*RETRIEVE, "--watch", "--url", f"http://127.0.0.1:{free_port}")
    assert ended.code == 2
    assert ended.err.startswith(f"evalhub: No EvalHub answers at http://127.0.0.1:{free_port}. Start it with `evalhub up`")


@pytest.mark.parametrize("named", ["", "a/b", "..", "eval_run_1?x=1", "x" * 101])
def test_what_is_no_id_is_refused_before_anything_is_asked(command: Command, durable: Durable, named: str) -> None:
    ended = command("eval-runs", "retrieve", "--eval-run-id", named)
    assert (ended.code, durable.looks) == (2, 0)
    assert "is no id of an eval run; it looks like eval_run_" in ended.err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--min-pass-rate", "101"), ("--min-pass-rate", "nan"), ("--min-score", "-1"), ("--max-failed", "0.5"), ("--max-cost", "-0.01")],
)
def test_a_threshold_that_nothing_could_mean_is_wrong_use(command: Command, durable: Durable, option: str, value: str) -> None:
    ended = command(*CREATE, option, value)
    assert (ended.code, durable.bodies) == (2, [])
    assert f"Invalid value for '{option}'" in ended.err


def test_a_reader_that_leaves_is_no_traceback(durable: Durable) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "evalhub.cli", *RETRIEVE]
    ended = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    assert durable.looks == 1
    assert ended.stderr == ""
