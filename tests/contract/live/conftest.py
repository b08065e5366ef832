"""A server with a worker on each database for the whole session, and the published client in its two forms in front of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.contract.live.place import Place
from tests.process.running import Up, evalhub, mark_real_processes
from tests.support.postgres import SERVER, scratch_database

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The gate collects them on either Python; only one has the published clients."""
    mark_real_processes(items, Path(__file__).parent, pytest.mark.both_pythons)


def key(folder: Path, name: str, *arguments: str, **environment: str) -> str:
    """A key from the command that people use."""
    made = evalhub("create-key", name, "--data-dir", str(folder), *arguments, **environment)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Place]]:
    """EvalHub on a database of this kind: one server with its worker, for the whole session."""
    with ExitStack() as stack:

        @cache
        def begin(kind: str) -> Place:
            url = stack.enter_context(scratch_database()) if kind == "PostgreSQL" else ""
            return stack.enter_context(serving_place(tmp_path_factory.mktemp("contract") / "data", DATABASE_URL=url))

        yield begin


@contextmanager
def serving_place(folder: Path, **environment: str) -> Iterator[Place]:
    running = Up("--no-demo", folder=folder, EVALHUB_DEMO_DELAY="0.01", **environment)
    try:
        url = running.ready().url
        assert evalhub("create-project", "other", "--data-dir", str(folder), **environment).returncode == 0
        named = {"all": [], "reader": ["--scope", "read"], "stranger": ["--project", "other"]}
        yield Place(url, *(key(folder, name, *arguments, **environment) for name, arguments in named.items()))
    finally:
        running.stop()


@pytest.fixture(params=["sync-SQLite", "async-SQLite", "sync-PostgreSQL"])
def driven(request: pytest.FixtureRequest) -> list[str]:
    """The form of the client, and the database below the server."""
    return str(request.param).split("-")


@pytest.fixture
def form(driven: list[str]) -> str:
    return driven[0]


@pytest.fixture
def place(driven: list[str], start: Callable[[str], Place]) -> Place:
    try:
        return start(driven[1])
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {urlsplit(SERVER).netloc}: {error}")


@pytest.fixture
def client(form: str, place: Place) -> Iterator[Any]:
    from tests.contract.live.clients import opened

    yield from opened(form, place.url, place.key)


@pytest.fixture
def reader(form: str, place: Place) -> Iterator[Any]:
    from tests.contract.live.clients import opened

    yield from opened(form, place.url, place.reader)


@pytest.fixture
def stranger(form: str, place: Place) -> Iterator[Any]:
    from tests.contract.live.clients import opened

    yield from opened(form, place.url, place.stranger)


@pytest.fixture
def named() -> Callable[[str], str]:
    """Names that no other test of this session has: they share one database."""
    return lambda name: f"{name} {next(_numbers)}"


@pytest.fixture
def agent(client: Any, named: Callable[[str], str]) -> Any:
    return client.agents.create(name=named("Mara"), bio="Plans meals.")


@pytest.fixture
def template(client: Any, named: Callable[[str], str]) -> Any:
    from tests.contract.live.clients import RUBRIC

    return client.eval_templates.create(name=named("Quality"), **RUBRIC)
