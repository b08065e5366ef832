"""One server with a worker for the whole session, and the published client in its two forms in front of it."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.contract.live.place import Place
from tests.process.running import Up, evalhub, mark_real_processes

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_real_processes(items, Path(__file__).parent)


def key(folder: Path, name: str, *arguments: str) -> str:
    """A key from the command that people use."""
    made = evalhub("create-key", name, "--data-dir", str(folder), *arguments)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("contract") / "data"
    running = Up("--no-demo", folder=folder, EVALHUB_DEMO_DELAY="0.01")
    try:
        url = running.ready().url
        assert evalhub("create-project", "other", "--data-dir", str(folder)).returncode == 0
        yield Place(url, key(folder, "all"), key(folder, "reader", "--scope", "read"), key(folder, "other", "--project", "other"))
    finally:
        running.stop()


@pytest.fixture(params=["sync", "async"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


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
