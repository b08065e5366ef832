"""The whole product on PostgreSQL: one setting changes, and a run is watched from its start to its scores."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process.running import Up, evalhub

pytestmark = pytest.mark.postgres


@pytest.mark.both_pythons
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


def test_the_first_command_on_an_empty_server_says_where_the_tables_are(database: str, tmp_path: Path) -> None:
    made = evalhub("create-key", "early", "--data-dir", str(tmp_path), DATABASE_URL=database)
    assert made.returncode == 0, made.stderr
    assert "made in the PostgreSQL database" in made.stderr
    assert "DATABASE_URL" in made.stderr
    assert str(tmp_path) not in made.stderr
