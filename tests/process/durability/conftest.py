"""An installation of either kind for a test, and the table of all that was tried."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.process.durability.blanks import Blanks
from tests.process.durability.installation import Installation, installation
from tests.process.durability.table import Table
from tests.support.postgres import SERVER, both_databases

TABLE = pytest.StashKey[Table]()
Install = Callable[..., Installation]
Conclude = Callable[..., None]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    table = config.stash.get(TABLE, Table())
    if table.lines:
        terminalreporter.section("what kill -9 and worse cost")
        terminalreporter.write_line(table.text())


@pytest.fixture
def conclude(pytestconfig: pytest.Config) -> Conclude:
    """`conclude(scenario, installation)` is the last line of every test here."""
    return pytestconfig.stash.setdefault(TABLE, Table()).conclude


@pytest.fixture(params=both_databases())
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def blanks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blanks]:
    with ExitStack() as stack:
        yield Blanks(tmp_path_factory.mktemp("blanks"), stack)


@pytest.fixture
def install(kind: str, folder: Path, blanks: Blanks) -> Iterator[Install]:
    """`install(latency=…, EVALHUB_…=…)` makes this test's installation, on a new database."""
    with ExitStack() as stack:

        def make(**more: Any) -> Installation:
            try:
                url = stack.enter_context(blanks.copy(kind, folder))
            except psycopg.OperationalError as error:
                pytest.skip(f"no PostgreSQL at {urlsplit(SERVER).netloc}: {error}")
            return stack.enter_context(installation(kind, folder, url, **more))

        yield make
