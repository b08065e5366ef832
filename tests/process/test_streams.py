"""Event streams of real server processes: many at once, across machines, through lost connections, and to a client that does not read."""

import asyncio
import json
import socket
import sqlite3
import sys
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from runs.live.seats import RESERVED
from tests.process.running import Started, evalhub, wait_for
from tests.process.streaming import SESSIONS, Stream, all_open, cpu_seconds, following, status_number
from tests.process.talking import get, post

STREAMS = 500
# Three times what was measured on two cores, and what a stream must not cost: a thread, or a query now and then.
MOST_THREADS = 12
MOST_CPU_IN_5_S = 0.4
MOST_KIB_A_STREAM = 80


class Site:
    """A web process and the key to it, started after the shell's command `before`. The run it is given waits for `worker`."""

    def __init__(self, started: list[Started], folder: Path, before: str = "", **environment: str) -> None:
        self.started, self.folder = started, folder
        self.environment = {"EVALHUB_DEMO_DELAY": "0.2", "EVALHUB_API_RATE_LIMIT": "0", **environment}
        made = evalhub("create-key", "test", "--data-dir", str(folder), **self.environment)
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.strip()
        python = ["bash", "-c", f'{before}; exec {sys.executable} -m evalhub.cli "$@"', "evalhub"] if before else []
        self.web = Started("web", "--port", "0", folder=folder, python=python, **self.environment, PGAPPNAME="the web process")
        started.append(self.web)
        self.url = self.web.line(r"answers at (http://\S+)")[1]
        self.pid = self.web.process.pid

    def _start(self, *command: str, folder: Path, **more: str) -> Started:
        running = Started(*command, folder=folder, **self.environment, **more)
        self.started.append(running)
        return running

    def worker(self, folder: Path | None = None) -> None:
        self._start("worker", folder=folder or self.folder).line("evalhub: ready")

    def run(self) -> str:
        body = {"template_id": "Conversation quality", "sessions": SESSIONS}
        return str(post(f"{self.url}/api/v1/agents/Mara/run-eval", self.key, body)["run_id"])

    def streams(self, run_id: str, count: int = 1, first: int = 0) -> list[Stream]:
        return [Stream(f"{self.url}/api/v1/eval-runs/{run_id}/events?from={first}", self.key) for _ in range(count)]


Starter = Callable[..., Site]


@pytest.fixture
def site(started: list[Started], folder: Path) -> Starter:
    return lambda before="", **environment: Site(started, folder, before, **environment)


@pytest.mark.alone
async def test_five_hundred_idle_streams_cost_little_and_all_get_everything(site: Starter) -> None:
    here = await asyncio.to_thread(site)
    streams = here.streams(await asyncio.to_thread(here.run), STREAMS)
    memory = status_number(here.pid, "VmRSS")
    async with following(streams) as ended:
        await all_open(streams)
        before = cpu_seconds(here.pid)
        await asyncio.sleep(5)
        assert cpu_seconds(here.pid) - before < MOST_CPU_IN_5_S
        assert status_number(here.pid, "Threads") <= MOST_THREADS
        assert status_number(here.pid, "VmRSS") - memory < STREAMS * MOST_KIB_A_STREAM
        await asyncio.to_thread(here.worker)
        await ended
    assert all(stream.ended_well for stream in streams)
    assert {tuple(stream.seqs) for stream in streams} == {tuple(range(len(streams[0].events)))}
    assert streams[0].events[-1]["status"] == "completed"


def connections_of_web(database: str) -> list[int]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'the web process'")
        return [row[0] for row in rows]


def cut(database: str) -> int:
    """End every database connection of the web process. How many there were."""
    with psycopg.connect(database) as connection:
        return len([connection.execute("SELECT pg_terminate_backend(%s)", [pid]) for pid in connections_of_web(database)])


@pytest.mark.postgres
async def test_streams_share_three_database_connections(site: Starter, database: str) -> None:
    here = await asyncio.to_thread(site, DATABASE_URL=database)
    streams = here.streams(await asyncio.to_thread(here.run), 100)
    most = 0
    async with following(streams):
        opening = asyncio.create_task(all_open(streams))
        while not opening.done():
            most = max(most, len(await asyncio.to_thread(connections_of_web, database)))
        assert most <= 4  # the tail's, two that open streams, and one of the request before
        assert len(await asyncio.to_thread(connections_of_web, database)) <= 4  # kept, for what comes next


@pytest.mark.postgres
async def test_a_run_on_another_machine_is_followed_while_it_happens(site: Starter, database: str, tmp_path: Path) -> None:
    here = await asyncio.to_thread(site, DATABASE_URL=database, EVALHUB_SECRET_KEY="shared by both machines" * 3)
    await asyncio.to_thread(here.worker, tmp_path / "other machine")
    [stream] = here.streams(await asyncio.to_thread(here.run))
    async with following([stream]) as ended:
        await ended
    assert stream.ended_well
    assert stream.seqs == list(range(len(stream.events)))
    at = dict(zip((event["type"] for event in stream.events), stream.came, strict=True))  # the last of each type
    assert at["final_status"] - stream.came[0] > 1  # six turns of 0.2 s and the judge
    pauses = [later - earlier for earlier, later in zip(stream.came, stream.came[1:], strict=False)]
    assert sum(pause > 0.1 for pause in pauses) >= 5


@pytest.mark.postgres
async def test_a_lost_database_connection_leaves_no_gap_and_no_repeat(site: Starter, database: str) -> None:
    here = await asyncio.to_thread(site, DATABASE_URL=database)
    [stream] = here.streams(await asyncio.to_thread(here.run))
    async with following([stream]) as ended:
        await all_open([stream])
        assert await asyncio.to_thread(wait_for, lambda: cut(database) == 1, 5)
        await asyncio.to_thread(here.worker)
        assert await asyncio.to_thread(wait_for, lambda: len(stream.events) > 2, 15)
        assert await asyncio.to_thread(cut, database) == 1
        await ended
    assert stream.ended_well
    assert stream.seqs == list(range(len(stream.events)))


def long_log(folder: Path, run_id: str, events: int, characters: int) -> None:
    """Many large events of a run that nobody has taken, written past EvalHub: their stream is all that matters here."""
    payload = json.dumps({"type": "turn_started", "message": "x" * characters})
    rows = [(uuid.UUID(run_id).hex, seq, payload) for seq in range(events)]
    with sqlite3.connect(folder / "evalhub.sqlite3", timeout=20) as database:
        insert = "INSERT INTO runs_runevent (run_id, seq, type, payload, created_at) VALUES (?, ?, 'turn_started', ?, '2031-01-01')"
        database.executemany(insert, rows)
        database.execute("UPDATE runs_evalrun SET next_seq = ? WHERE id = ?", [events, uuid.UUID(run_id).hex])
    database.close()


def open_and_read_nothing(stream: Stream) -> socket.socket:
    address = urlsplit(stream.url)
    client = socket.create_connection((address.hostname or "", address.port or 0), timeout=10)
    asked = f"GET {address.path}?{address.query} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {stream.key}\r\n\r\n"
    client.sendall(asked.encode())
    return client


def ids_read(client: socket.socket) -> list[int]:
    """The ids of all events until the last of them has the number 399."""
    with client.makefile("rb") as lines:
        found: list[int] = []
        while 399 not in found[-1:]:
            line = lines.readline()
            found += [int(line[4:])] if line.startswith(b"id: ") else []
    return found


def test_a_client_that_reads_nothing_does_not_fill_the_servers_memory(site: Starter) -> None:
    here = site()
    run_id = here.run()
    long_log(here.folder, run_id, events=400, characters=100_000)  # 40 MB
    before = status_number(here.pid, "VmRSS")
    [stream] = here.streams(run_id)
    with open_and_read_nothing(stream) as client:
        assert not wait_for(lambda: status_number(here.pid, "VmRSS") - before > 30 * 1024, 3)
        assert ids_read(client) == list(range(400))


async def test_more_streams_than_the_process_may_open_files_are_refused_and_the_rest_goes_on(site: Starter) -> None:
    here = await asyncio.to_thread(site, "ulimit -n 300")
    streams = here.streams(await asyncio.to_thread(here.run), 60)
    async with following(streams):
        await all_open(streams)
        assert Counter(stream.status for stream in streams) == {200: 300 - RESERVED, 503: 60 - (300 - RESERVED)}
        assert (await asyncio.to_thread(get, f"{here.url}/api/v1/eval-runs?limit=1", here.key))["total_count"] == 1
