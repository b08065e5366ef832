"""A PostgreSQL server of a test's own, which may be killed, restarted, and starved of disk."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.process.talking import free_port

# fsync is for machines that lose power. Small segments, so that a small disk fills up with tables and not with the log of one second.
SETTINGS = """
fsync = off
max_connections = 60
shared_buffers = 16MB
listen_addresses = '127.0.0.1'
min_wal_size = 4MB
max_wal_size = 8MB
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server. `url` is its database `postgres`."""

    programs: Path
    data: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def ensure_started(self) -> None:
        """Start it, as a service manager does, when it was stopped or gave up because it could not write its log."""
        if self._ctl("status", check=False):
            self._ctl("start")

    def stop(self) -> None:
        """As a crash does it: no client is told anything."""
        self._ctl("stop", "-m", "immediate", check=False)

    def _ctl(self, command: str, *arguments: str, check: bool = True) -> int:
        log = str(self.data / "server.log") if command == "start" else ""
        options = [*arguments, *(["-l", log] if log else []), "-w", "-t", "30"] if command != "status" else []
        return _as_postgres([str(self.programs / "pg_ctl"), command, "-D", str(self.data), *options], check=check)


def _as_postgres(command: list[str], *, check: bool = True) -> int:
    """The server refuses to be root."""
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, *command], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    assert not check or done.returncode == 0, done.stderr
    return done.returncode


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL's server programs are not in /usr/lib/postgresql")
    return found[-1].parent


@contextlib.contextmanager
def private_cluster(parent: Path | None = None) -> Iterator[Cluster]:
    """A new server, in `parent` or in a temporary folder; it is stopped and forgotten afterwards."""
    programs, port = _programs(), free_port()
    home = Path(tempfile.mkdtemp(prefix="evalhub-postgres-", dir=parent))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
    cluster = Cluster(programs, home / "data", port)
    try:
        _as_postgres(
            [
                str(programs / "initdb"),
                "-D",
                str(cluster.data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "--wal-segsize=1",
                "--no-sync",
                "-E",
                "UTF8",
            ]
        )
        with (cluster.data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}port = {port}\nunix_socket_directories = '{home}'\n")
        cluster.ensure_started()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)
