"""How much the pages that add up answers and results cost with a long history: `python -m tests.benchmarks.voice --help`.

Two databases, a small and a large one, are filled with answers to prompts, and as many results of custom evals, of the same 90 days; each
is asked for the same addresses. Prints the CPU of a request at both (p50, in milliseconds, on SQLite with the database's), the ratio, and
the number of queries.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

import tests.support.environment  # noqa: F401  no keys of whoever runs this
from tests.benchmarks.site import UNHINDERED, run_module, scratch

DATABASES = ("sqlite", "postgres")
MOST_RATIO = 1.5  # of p50, large to small
MOST_MS = 150.0


def asked(database: str, answers: int, requests: int) -> list[Mapping[str, Any]]:
    """`voice_filling.Measured` for each address of a new database on "sqlite" or "postgres"."""
    with tempfile.TemporaryDirectory(prefix="evalhub-bench-") as folder, scratch(database) as url:
        environment = {"EVALHUB_DATA_DIR": folder, "DATABASE_URL": url, **UNHINDERED}
        begin = time.monotonic()
        told = ("--answers", str(answers), "--requests", str(requests))
        found: list[Mapping[str, Any]] = run_module("voice_filling", *told, environment=environment)
        print(f"  {database}: {answers:,} answers loaded and asked for in {time.monotonic() - begin:.0f} s", flush=True)
        return found


def compare(database: str, *, answers: int, small: int, requests: int) -> bool:
    """Fill, ask and print for one kind of database. Whether every address keeps its promise."""
    both = [asked(database, size, requests) for size in (small, answers)]
    print(f"{database}: CPU in ms at {small:,} and at {answers:,} answers, how many times as much, queries at both")
    kept = [_row(*pair) for pair in zip(*both, strict=True)]
    return all(kept)


def _row(small: Mapping[str, Any], large: Mapping[str, Any]) -> bool:
    ratio = large["cpu_ms"] / small["cpu_ms"]
    print(f"{small['address'][:78]:80}{small['cpu_ms']:9.1f}{large['cpu_ms']:9.1f}{ratio:8.2f}{small['queries']:6}{large['queries']:6}")
    return bool(ratio <= MOST_RATIO and large["cpu_ms"] <= MOST_MS and small["queries"] == large["queries"])


def main(arguments: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=100_000, help="answers of the large database (default: %(default)s)")
    parser.add_argument("--small", type=int, default=1_000, help="answers of the small one (default: %(default)s)")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="sqlite")
    parser.add_argument("--requests", type=int, default=20, help="requests of each address and database (default: %(default)s)")
    given = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    chosen = DATABASES if given.database == "both" else (given.database,)
    kept = [compare(database, answers=given.answers, small=given.small, requests=given.requests) for database in chosen]
    return all(kept)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # by the way that takes databases along
    sys.exit(0 if main() else 1)
