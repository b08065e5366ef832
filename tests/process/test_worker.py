"""`evalhub worker` and `evalhub web` on their own, as a service manager runs them."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process.running import Started, evalhub, processes_of, wait_for


@pytest.fixture
def start(folder: Path, started: list[Started]) -> Callable[..., Started]:
    def begin(command: str, *arguments: str) -> Started:
        running = Started(command, *arguments, folder=folder)
        started.append(running)
        return running

    return begin


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_within_three_seconds_and_leaves_no_process(
    start: Callable[..., Started], folder: Path, signum: signal.Signals
) -> None:
    assert evalhub("migrate", "--data-dir", str(folder)).returncode == 0
    worker = start("worker", "--worker-processes", "2")
    worker.line("evalhub: ready")
    began = time.monotonic()
    worker.signal(signum)
    assert worker.ends(10) == 0
    assert time.monotonic() - began < 3
    assert processes_of(folder) == []


def test_kill_9_of_a_worker_takes_its_forks_along(start: Callable[..., Started], folder: Path) -> None:
    assert evalhub("migrate", "--data-dir", str(folder)).returncode == 0
    worker = start("worker")
    worker.line("evalhub: ready")
    worker.signal(signal.SIGKILL)
    assert wait_for(lambda: processes_of(folder) == [], 3)


def test_a_worker_without_a_database_says_what_to_run(folder: Path) -> None:
    ended = evalhub("worker", "--data-dir", str(folder))
    assert ended.returncode == 2
    assert ended.stderr == "evalhub: The database is not up to date with this version of EvalHub. Run `evalhub migrate` first.\n"


def test_the_web_part_ends_within_three_seconds(start: Callable[..., Started], folder: Path) -> None:
    assert evalhub("migrate", "--data-dir", str(folder)).returncode == 0
    web = start("web", "--port", "0")
    web.line("http://127.0.0.1:")
    began = time.monotonic()
    web.signal(signal.SIGTERM)
    assert web.ends(10) == 0
    assert time.monotonic() - began < 3
