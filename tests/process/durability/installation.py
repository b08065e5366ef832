"""One installation under test: a folder, a database of either kind, a counting model server, and the processes that work on them."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from runs.states import FINAL
from tests.process.durability.load import MODEL, Load
from tests.process.durability.model_server import ModelServer, Seen
from tests.process.running import ROOT, Started, Up, processes_of, told, wait_for

READY = "evalhub: ready"
LEASE_S = 3.0
GO_ON_S = 40.0  # patience, not a promise: to start a worker takes a busy machine a while, and the table says how long each pause was
STATUSES = "SELECT status, count(*) FROM runs_evalrun GROUP BY status"


@dataclass
class Installation:
    """`url` is empty for SQLite. `in_flight` adds up what was paid for but not stored at each kill."""

    kind: str
    folder: Path
    url: str
    server: ModelServer
    load: Load = field(default_factory=lambda: Load(0))
    in_flight: int = 0
    running: list[Started] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = {
            "DATABASE_URL": self.url,
            "OPENAI_BASE_URL": self.server.url,
            "OPENAI_API_KEY": "test",
            "EVALHUB_DEFAULT_MODEL": MODEL,
            "EVALHUB_LEASE_SECONDS": str(LEASE_S),
            "EVALHUB_LOG_LEVEL": "INFO",
            "EVALHUB_API_RATE_LIMIT": "0",
            **self.settings,
        }

    # What is done to it

    def fill(self, load: Load) -> None:
        """Put runs into it and ring."""
        self.load = load
        command = [sys.executable, "-m", load.module, str(self.folder), *load.arguments()]
        done = subprocess.run(command, cwd=ROOT, env=told(self.settings), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr

    def worker(self, *arguments: str, **environment: str) -> Started:
        """A worker that is ready, or one that waits for a database."""
        worker = self.begin("worker", *arguments, **environment)
        worker.line(READY)
        return worker

    def begin(self, command: str, *arguments: str, **environment: str) -> Started:
        started = Started(command, *arguments, folder=self.folder, **{**self.settings, **environment})
        self.running.append(started)
        return started

    def up(self) -> Up:
        up = Up("--no-demo", folder=self.folder, **self.settings)
        self.running.append(up)
        return up.ready()

    def stop(self) -> None:
        for started in self.running:
            started.stop()
        for pid in processes_of(self.folder):
            os.kill(pid, signal.SIGKILL)

    # What is known about it

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Read past EvalHub: what is committed, whoever is at work."""
        if self.url:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as server:
                return server.execute(query).fetchall()  # type: ignore[arg-type]
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/evalhub.sqlite3?mode=ro", uri=True, timeout=20)) as file:
            return file.execute(query).fetchall()

    def is_writable(self) -> bool:
        """Whether no transaction holds a lock just now."""
        with contextlib.suppress(psycopg.errors.LockNotAvailable, sqlite3.OperationalError):
            if self.url:
                self.rows("SELECT id FROM runs_evalrun FOR UPDATE NOWAIT")
            else:
                with contextlib.closing(sqlite3.connect(self.folder / "evalhub.sqlite3", timeout=0.1, isolation_level=None)) as file:
                    file.execute("BEGIN IMMEDIATE")
            return True
        return False

    def number(self, query: str) -> int:
        return int(self.rows(query)[0][0])

    @property
    def stored_calls(self) -> int:
        return self.number("SELECT count(*) FROM runs_modelcall")

    @property
    def driven(self) -> int:
        return self.number("SELECT count(*) FROM runs_evalrun WHERE status = 'running'")

    def statuses(self) -> Mapping[str, int]:
        return {status: int(count) for status, count in self.rows(STATUSES)}

    def note_kill(self, workers: int = 1) -> int:
        """Count what was paid for and is lost: asked of the server, stored by nobody, and nobody is left to store it. Returns how many.

        A run has one call open at a time, so more than the workers had places cannot have been in flight: the rest was not stored in time.
        """
        lost = self.server.seen().made - self.stored_calls - self.in_flight
        places = workers * int(self.settings.get("EVALHUB_CONCURRENCY", self.load.runs))
        assert lost <= places, f"{lost} calls are lost, and {places} can have been open; {self.said()}"
        self.in_flight += lost
        return lost

    def wait_made(self, number: int, seconds: float = 30.0) -> Seen:
        """Wait until so many calls were made. Returns the counters of that moment."""
        assert wait_for(lambda: self.server.seen().made >= number, seconds), f"{self.server.seen()}, {self.said()}"
        return self.server.seen()

    def goes_on(self, since: float, seconds: float = GO_ON_S) -> float:
        """Wait for one more call than there are now. Returns how long after `since` (monotonic) it came."""
        self.wait_made(self.server.seen().made + 1, max(seconds - (time.monotonic() - since), 0.1))
        return time.monotonic() - since

    def ends(self, seconds: float = 40.0) -> None:
        """Wait until every run is final."""
        ended = wait_for(lambda: set(self.statuses()) <= set(FINAL), seconds)
        assert ended, f"{dict(self.statuses())} after {seconds} s; {self.server.seen()}; {self.said()}"

    def said(self) -> str:
        """The last lines of every process, for a test that fails."""
        return "\n".join(line for started in self.running for line in started.said()[-15:])


@contextlib.contextmanager
def installation(kind: str, folder: Path, url: str, *, latency: float = 0.1, places: int = 0, **settings: str) -> Iterator[Installation]:
    """An installation whose database is there; everything of it is ended afterwards."""
    with ModelServer(latency, places) as server:
        made = Installation(kind, folder, url, server, settings=settings)
        try:
            yield made
        finally:
            made.stop()
