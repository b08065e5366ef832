"""Help and wrong use, as a shell sees them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.evalhub.cli.conftest import Command
from tests.process.running import evalhub

COMMANDS = ["up", "web", "worker", "migrate", "manage", "create-key", "create-project", "sign-in-link"]
THROUGH_THE_API = ["run-eval", "evaluate", "cancel", "resume", "model-server", "eval-runs"]


@pytest.mark.parametrize("name", [name for name in COMMANDS + THROUGH_THE_API if name not in ("manage", "eval-runs")])
def test_every_command_shows_an_example_in_its_help(command: Command, name: str) -> None:
    ended = command(name, "--help")
    assert ended.code == 0
    assert f"evalhub {name}" in ended.out.partition("Example")[2]


@pytest.mark.parametrize("name", ["create", "retrieve"])
def test_the_commands_about_durable_runs_show_an_example_too(command: Command, name: str) -> None:
    ended = command("eval-runs", name, "--help")
    assert ended.code == 0
    assert f"evalhub eval-runs {name}" in ended.out.partition("Example")[2]


def test_the_list_of_commands_is_complete_and_says_each_in_one_line(command: Command) -> None:
    listed = command("--help").out.partition("Commands:")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.strip()] == COMMANDS + THROUGH_THE_API
    assert "..." not in listed


def test_help_loads_neither_django_nor_an_http_client() -> None:
    code = (
        "import sys\nsys.argv = ['evalhub', 'run-eval', '--help']\n"
        "from evalhub.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'django', 'aiohttp', 'daphne', 'yaml', 'rich'} & set(sys.modules)\n"
        "sys.exit(','.join(heavy) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("asked", [["nonsense"], ["up", "--port", "70000"], ["up", "--worker-processes", "0"], ["create-key"]])
def test_wrong_use_ends_with_two(command: Command, asked: list[str]) -> None:
    ended = command(*asked)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_manage_passes_everything_on(command: Command, django_db_blocker: object) -> None:
    assert "Type 'evalhub manage help <subcommand>'" in command("manage", "--help").out


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "data"
    ended = evalhub("create-key", "ci", "--data-dir", str(folder))
    assert ended.returncode == 2
    assert ended.stderr == (
        f"evalhub: The data folder {folder} cannot be written (Not a directory). Choose another one with --data-dir or EVALHUB_DATA_DIR.\n"
    )


def test_a_wrong_setting_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_LEASE_SECONDS", "soon")
    ended = evalhub("migrate", "--data-dir", str(tmp_path))
    assert ended.returncode == 2
    assert ended.stderr.startswith("evalhub: A setting cannot be used: EVALHUB_LEASE_SECONDS:")
    assert len(ended.stderr.splitlines()) == 1


def test_a_database_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "evalhub.sqlite3").write_text("This is no database, but it is long enough to be read as one." * 20)
    ended = evalhub("migrate", "--data-dir", str(tmp_path))
    assert ended.returncode == 2
    assert ended.stderr == f"evalhub: The database {tmp_path}/evalhub.sqlite3 cannot be used: file is not a database\n"
