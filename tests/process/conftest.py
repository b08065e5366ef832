"""Real processes on loopback, each test with a data folder of its own."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.process.running import Started, Up


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.process)
            if sys.platform != "linux":
                item.add_marker(pytest.mark.skip(reason="looks for left-over processes in /proc, which only Linux has"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def started() -> Iterator[list[Started]]:
    """What is put into this list is ended after the test."""
    running: list[Started] = []
    yield running
    for each in running:
        each.stop()


@pytest.fixture
def up(folder: Path, started: list[Started]) -> Callable[..., Up]:
    """`up()` is `evalhub up --port 0` on the test's folder, ready."""

    def start(*arguments: str, **environment: str) -> Up:
        running = Up(*arguments, folder=folder, **environment)
        started.append(running)
        return running.ready()

    return start
