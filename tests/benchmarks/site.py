"""A filled scratch database with a web process on it; both are gone afterwards."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.benchmarks.asking import Ask, Client, asks
from tests.benchmarks.loading import Loaded
from tests.process.running import ROOT, Started, told

POSTGRES = os.environ.get("EVALHUB_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
QUIET = {"EVALHUB_DEMO_DELAY": "0", "EVALHUB_LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True)
class Site:
    """One database, as its only client sees it."""

    loaded: Loaded
    client: Client
    asks: Sequence[Ask]
    environment: Mapping[str, str]

    def queries(self) -> list[int]:
        """How many queries each ask costs."""
        told_asks = {"token": self.loaded.token, "asks": [asdict(ask) for ask in self.asks]}
        found: list[int] = _run("counting", environment=self.environment, told_text=json.dumps(told_asks))
        return found


@contextlib.contextmanager
def site(runs: int, database: str) -> Iterator[Site]:
    """`runs` runs on "sqlite" or "postgres", served."""
    with tempfile.TemporaryDirectory(prefix="evalhub-bench-") as name, _scratch(database) as url:
        environment = {"EVALHUB_DATA_DIR": name, "DATABASE_URL": url, **QUIET}
        begin = time.monotonic()
        loaded = Loaded(**_run("loading", "--runs", str(runs), environment=environment))
        print(f"  {database}: {loaded.runs:,} runs, {loaded.messages:,} messages loaded in {time.monotonic() - begin:.0f} s", flush=True)
        with contextlib.closing(_served(Path(name), environment)) as web:
            client = Client(web.line(r"answers at (\S+)")[1], loaded.token)
            with contextlib.closing(client):
                yield Site(loaded, client, asks(client, loaded), environment)


class _Web(Started):
    def close(self) -> None:
        self.stop()


def _served(folder: Path, environment: Mapping[str, str]) -> _Web:
    return _Web("web", "--port", "0", folder=folder, **environment)


@contextlib.contextmanager
def _scratch(database: str) -> Iterator[str]:
    """The DATABASE_URL of an empty database: "" for SQLite, whose file goes with its folder."""
    if database == "sqlite":
        yield ""
        return
    import psycopg

    name = f"evalhub_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    try:
        yield urlunsplit(urlsplit(POSTGRES)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _run(module: str, *arguments: str, environment: Mapping[str, str], told_text: str = "") -> Any:
    """What a module of this folder prints, read as JSON."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    ended = subprocess.run(command, input=told_text, capture_output=True, text=True, check=False, cwd=ROOT, env=told(environment))
    if ended.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{ended.stderr}")
    return json.loads(ended.stdout)
