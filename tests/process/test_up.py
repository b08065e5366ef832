"""`evalhub up` as a person lives with it: first start, Ctrl-C, second start, kill -9, and what it refuses."""

import os
import signal
import socket
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.process.running import PATIENCE_S, STOP_S, Started, Up, evalhub, processes_of, wait_for

Start = Callable[..., Up]


def query(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "evalhub.sqlite3", timeout=20) as connection:
        rows = connection.execute(sql).fetchall()
    connection.close()
    return rows


@pytest.mark.both_pythons
def test_the_first_start_shows_a_demo_run_behind_a_link_that_works_once(up: Start, folder: Path) -> None:
    running = up()
    assert running.get("/healthz").status == 200
    signed_in = running.get(running.link)
    assert signed_in.status == 302
    cookie = "; ".join(value.partition(";")[0] for value in signed_in.headers.get_all("Set-Cookie", []))
    page = signed_in.headers["Location"] or ""
    assert page.startswith("/runs/")
    assert running.get(page, cookie).status == 200
    assert running.get(running.link).status == 410
    done = "SELECT count(*) FROM runs_evalrun WHERE status = 'completed' AND score IS NOT NULL AND kind = 'run_eval'"
    assert wait_for(lambda: query(folder, done) == [(1,)], 30)


def test_secrets_and_logs_lie_in_the_data_folder(up: Start, folder: Path) -> None:
    up("--no-demo")
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (folder / "logs").iterdir()} == {"web.log", "worker.log"}


@pytest.mark.alone
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_five_seconds_and_leaves_no_process(up: Start, folder: Path, signum: signal.Signals) -> None:
    running = up(EVALHUB_DEMO_DELAY="5")  # the demo run is in the middle of a conversation
    assert len(processes_of(folder)) >= 6  # up, web, worker, sentinel, q2 worker, pusher, monitor
    began = time.monotonic()
    running.signal(signum)
    assert running.ends(STOP_S) == 0
    assert time.monotonic() - began < STOP_S
    assert processes_of(folder) == []


def test_an_ending_worker_gives_its_runs_back(up: Start, folder: Path) -> None:
    running = up(EVALHUB_DEMO_DELAY="2")
    assert wait_for(lambda: query(folder, "SELECT status FROM runs_evalrun WHERE kind = 'run_eval'") == [("running",)], 10)
    running.signal(signal.SIGINT)
    running.ends(PATIENCE_S)
    assert query(folder, "SELECT status, lease_token FROM runs_evalrun WHERE kind = 'run_eval'") == [("pending", None)]


def test_a_second_start_goes_on_with_the_same_data_and_no_second_demo_run(up: Start, folder: Path) -> None:
    first = up(EVALHUB_DEMO_DELAY="1")
    first.signal(signal.SIGINT)
    first.ends(PATIENCE_S)
    second = up()
    assert "next=" not in second.link
    finished = "SELECT count(*), min(status) FROM runs_evalrun WHERE kind = 'run_eval'"
    assert wait_for(lambda: query(folder, finished) == [(1, "completed")], 30)


def test_a_second_ctrl_c_kills_at_once(up: Start, folder: Path) -> None:
    running = up("--no-demo")
    for pid in processes_of(folder):
        if pid != running.process.pid:
            os.kill(pid, signal.SIGSTOP)  # nobody hears a polite request any more
    running.signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    running.signal(signal.SIGINT)
    running.ends(STOP_S)
    assert time.monotonic() - began < 1.5
    assert wait_for(lambda: processes_of(folder) == [], 2)


@pytest.mark.alone
def test_children_that_hang_are_killed_in_time(up: Start, folder: Path) -> None:
    running = up("--no-demo")
    for pid in processes_of(folder):
        if pid != running.process.pid:
            os.kill(pid, signal.SIGSTOP)
    running.signal(signal.SIGTERM)
    running.ends(STOP_S)
    assert wait_for(lambda: processes_of(folder) == [], 2)


def test_kill_9_of_the_parent_leaves_no_orphan(up: Start, folder: Path) -> None:
    running = up("--no-demo")
    running.signal(signal.SIGKILL)
    assert wait_for(lambda: processes_of(folder) == [], PATIENCE_S)


def child_pid(folder: Path, name: str) -> int:
    """The child of `up` that runs `evalhub <name>`; its forks share its command, so the oldest is meant. 0 when there is none."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in processes_of(folder)}
    return min((pid for pid, command in commands.items() if f"evalhub.cli\0{name}\0" in command), default=0)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_child_that_dies_is_started_again_with_a_word_on_it(up: Start, folder: Path, name: str) -> None:
    running = up("--no-demo")
    before = child_pid(folder, name)
    os.kill(before, signal.SIGKILL)
    running.line(rf"The {name} part ended \(signal 9\) and is started again; see .*{name}\.log", 10)
    assert wait_for(lambda: child_pid(folder, name) not in (0, before), 10)
    assert wait_for(running.answers, 20)
    running.signal(signal.SIGINT)
    assert running.ends(PATIENCE_S) == 0
    assert processes_of(folder) == []


def test_a_key_can_be_made_while_it_runs(up: Start, folder: Path) -> None:
    running = up("--no-demo")
    key = evalhub("create-key", "laptop", "--data-dir", str(folder)).stdout.strip()
    asked = ["run-eval", "--agent", "Mara", "--template", "Conversation quality", "--max-turns", "2", "--json"]
    ended = evalhub(*asked, EVALHUB_URL=running.url, EVALHUB_API_KEY=key)
    assert ended.returncode == 0, ended.stderr
    assert '"status": "completed"' in ended.stdout


def test_a_key_on_a_fresh_folder_prepares_it_first(folder: Path) -> None:
    ended = evalhub("create-key", "laptop", "--data-dir", str(folder))
    assert ended.returncode == 0
    assert f"The tables were not there yet, so they were made in {folder}/evalhub.sqlite3." in ended.stderr
    assert ended.stdout.startswith("sk_")


def test_two_first_starts_at_once_both_come_up(up: Start, folder: Path, started: list[Started]) -> None:
    other = Up("--no-demo", folder=folder)
    started.append(other)
    mine = up("--no-demo")
    assert other.ready().url != mine.url


def test_a_taken_port_is_one_sentence_and_changes_nothing(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = evalhub("up", "--port", str(port), "--data-dir", str(folder))
    assert ended.returncode == 2
    assert ended.stderr == (
        f"evalhub: Port {port} on 127.0.0.1 is taken. Stop what listens there, or choose another one with --port (0 takes a free one).\n"
    )
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = evalhub("up", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("evalhub: The data folder ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_database_of_a_newer_version_is_one_sentence(folder: Path) -> None:
    assert evalhub("migrate", "--data-dir", str(folder)).returncode == 0
    query(folder, "INSERT INTO django_migrations (app, name, applied) VALUES ('runs', '0999_later', '2031-01-01')")
    ended = evalhub("up", "--port", "0", "--data-dir", str(folder))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("evalhub: The database was made by a newer version of EvalHub.")


def test_a_host_of_every_interface_is_warned_about(folder: Path, started: list[Started]) -> None:
    running = Up("--host", "0.0.0.0", "--no-demo", folder=folder)
    started.append(running)
    running.line("answers to localhost only: set EVALHUB_ALLOWED_HOSTS")
    assert running.ready().get("/healthz").status == 200


def test_folders_named_like_our_packages_do_no_harm(folder: Path, started: list[Started]) -> None:
    script = Path(sys.executable).parent / "evalhub"
    if not script.exists():
        pytest.skip("needs the console script: pip install -e .")
    for name in ("agents", "runs", "evalhub"):
        (folder.parent / name).mkdir()
        (folder.parent / name / "__init__.py").write_text("raise RuntimeError('not EvalHub')")
    running = Up("--no-demo", folder=folder, python=[str(script)])
    started.append(running)
    assert running.ready().answers()


def test_a_status_line_has_its_words(up: Start, folder: Path) -> None:
    running = up("--no-demo")
    key = evalhub("create-key", "ci", "--data-dir", str(folder)).stdout.strip()
    request = urllib.request.Request(f"{running.url}/api/v1/eval-runs?limit=x", headers={"Authorization": f"Bearer {key}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value as answer:
        assert (answer.status, answer.reason) == (422, HTTPStatus.UNPROCESSABLE_ENTITY.phrase)
