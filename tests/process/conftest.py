"""Real processes on loopback, each test with a data folder of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.process.running import Started, Up, mark_real_processes
from tests.support.postgres import SERVER, scratch_database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_real_processes(items, Path(__file__).parent)


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


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a new, empty database."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(scratch_database())
        except psycopg.OperationalError as error:
            pytest.skip(f"no PostgreSQL at {urlsplit(SERVER).netloc}: {error}")
        yield url
