"""A filled scratch database with a web process on it; both are gone afterwards."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.asking import Ask, Client, asks
from tests.benchmarks.loading import Loaded
from tests.process.running import ROOT, Started, told
from tests.support.postgres import scratch_database

UNHINDERED = {"EVALHUB_DEMO_DELAY": "0", "EVALHUB_LOG_LEVEL": "ERROR", "EVALHUB_API_RATE_LIMIT": "0", "EVALHUB_API_RUN_RATE_LIMIT": "0"}


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
        found: list[int] = run_module("counting", environment=self.environment, told_text=json.dumps(told_asks))
        return found


@contextlib.contextmanager
def site(runs: int, database: str) -> Iterator[Site]:
    """`runs` runs on "sqlite" or "postgres", served."""
    with tempfile.TemporaryDirectory(prefix="evalhub-bench-") as name, scratch(database) as url:
        environment = {"EVALHUB_DATA_DIR": name, "DATABASE_URL": url, **UNHINDERED}
        begin = time.monotonic()
        loaded = Loaded(**run_module("loading", "--runs", str(runs), environment=environment))
        print(f"  {database}: {loaded.runs:,} runs, {loaded.messages:,} messages loaded in {time.monotonic() - begin:.0f} s", flush=True)
        with served(Path(name), environment) as url, contextlib.closing(Client(url, loaded.token)) as client:
            asked = asks(client, loaded)
            client.close()  # it opens again by itself; a server gives up a connection that rests while the next database is filled
            yield Site(loaded, client, asked, environment)


@contextlib.contextmanager
def served(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of a web process, without a worker: what is created stays waiting."""
    web = Started("web", "--port", "0", folder=folder, **environment)
    try:
        yield web.line(r"answers at (\S+)")[1]
    finally:
        web.stop()


def scratch(database: str) -> contextlib.AbstractContextManager[str]:
    """The DATABASE_URL of an empty database: "" for SQLite, whose file goes with its folder."""
    return scratch_database() if database == "postgres" else contextlib.nullcontext("")


def run_module(module: str, *arguments: str, environment: Mapping[str, str], told_text: str = "") -> Any:
    """What a module of this folder prints, read as JSON."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    ended = subprocess.run(command, input=told_text, capture_output=True, text=True, check=False, cwd=ROOT, env=told(environment))
    if ended.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{ended.stderr}")
    return json.loads(ended.stdout)
