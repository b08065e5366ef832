"""Real processes on loopback, each test with a data folder of its own."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.process.running import Started, Up, mark_real_processes

SERVER = os.environ.get("EVALHUB_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


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
    name = f"evalhub_{uuid.uuid4().hex[:12]}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {urlsplit(SERVER).netloc}: {error}")
    with server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
    with psycopg.connect(SERVER, autocommit=True) as again:
        again.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
