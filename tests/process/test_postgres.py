"""The whole product on PostgreSQL: one setting changes, and a run is watched from its start to its scores."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.process.running import Up, evalhub

pytestmark = pytest.mark.postgres
SERVER = os.environ.get("EVALHUB_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


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


def test_the_same_command_works_on_postgresql(database: str, up: Callable[..., Up]) -> None:
    site = up("--no-demo", DATABASE_URL=database)
    key = evalhub("create-key", "ci", "--data-dir", str(site.folder), DATABASE_URL=database).stdout.strip()
    command = ["run-eval", "--agent", "Mara", "--template", "Conversation quality", "--max-turns", "3", "--json"]
    ended = evalhub(*command, "--url", site.url, "--api-key", key)
    assert ended.returncode == 0, ended.stderr
    run = json.loads(ended.stdout)
    assert (run["status"], run["total_turns"]) == ("completed", 3)
    assert len(run["evaluation_result"]["categories"]) == 5
    assert not (site.folder / "evalhub.sqlite3").exists()
