"""How fast pages answer with a long history: `python -m tests.benchmarks.overview --help`.

Two databases, a small and a large one, are filled with finished runs over half a year; each is served by a real `evalhub web`, and both are
asked for the same pages in turns, by somebody who is signed in. Prints p50 in milliseconds, the number of queries, and the ratio.
"""

import argparse
import http.client
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import tests.support.environment  # noqa: F401  no keys of whoever runs this
from tests.benchmarks.overview_filling import PAGES, Filled
from tests.benchmarks.site import UNHINDERED, run_module, scratch, served

DATABASES = ("sqlite", "postgres")
MOST_RATIO = 1.5  # of p50, large to small
WARM_UP = 5


@dataclass(slots=True)
class Visitor:
    """Somebody who is signed in, on a connection that stays open."""

    connection: http.client.HTTPConnection
    filled: Filled

    def milliseconds(self, page: str) -> float:
        begin = time.perf_counter()
        self.connection.request("GET", page, headers={"Cookie": f"sessionid={self.filled.session}"})
        response = self.connection.getresponse()
        response.read()
        if response.status != 200:
            raise SystemExit(f"{page} answered {response.status}.")
        return (time.perf_counter() - begin) * 1000


@contextmanager
def visitor(runs: int, database: str) -> Iterator[Visitor]:
    """Of a database with `runs` runs on "sqlite" or "postgres", served."""
    with tempfile.TemporaryDirectory(prefix="evalhub-bench-") as name, scratch(database) as url:
        environment = {"EVALHUB_DATA_DIR": name, "DATABASE_URL": url, **UNHINDERED}
        begin = time.monotonic()
        filled = Filled(**run_module("overview_filling", "--runs", str(runs), environment=environment))
        print(f"  {database}: {runs:,} runs loaded in {time.monotonic() - begin:.0f} s", flush=True)
        with served(Path(name), environment) as address:
            yield Visitor(http.client.HTTPConnection(urlsplit(address).netloc, timeout=60), filled)


def compare(database: str, *, runs: int, small: int, requests: int) -> bool:
    """Fill, ask and print for one kind of database. Whether every page keeps its promise."""
    with ExitStack() as stack:
        visitors = [stack.enter_context(visitor(size, database)) for size in (small, runs)]
        print(f"{database}, {requests} requests each: p50 in ms at {small:,} and at {runs:,} runs, how many times as long, queries at both")
        kept = [_page(page, visitors, requests) for page in PAGES]
    return all(kept)


def _page(page: str, visitors: Sequence[Visitor], requests: int) -> bool:
    for each in visitors:
        each.connection.close()  # it opens again by itself; a server gives up a connection that rests
    taken: list[list[float]] = [[] for _ in visitors]
    for number in range(WARM_UP + requests):
        for each, times in zip(visitors, taken, strict=True):
            milliseconds = each.milliseconds(page)
            if number >= WARM_UP:
                times.append(milliseconds)
    small, large = (sorted(times)[len(times) // 2] for times in taken)
    queries = [each.filled.queries[page] for each in visitors]
    print(f"{page:20}{small:9.1f}{large:9.1f}{large / small:8.2f}{queries[0]:6}{queries[1]:6}", flush=True)
    return large / small <= MOST_RATIO and len(set(queries)) == 1


def main(arguments: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="runs of the large database (default: %(default)s)")
    parser.add_argument("--small", type=int, default=1_000, help="runs of the small one (default: %(default)s)")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="sqlite")
    parser.add_argument("--requests", type=int, default=60, help="requests of each page and database (default: %(default)s)")
    given = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    chosen = DATABASES if given.database == "both" else (given.database,)
    kept = [compare(database, runs=given.runs, small=given.small, requests=given.requests) for database in chosen]
    return all(kept)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # by the way that takes servers and databases along
    sys.exit(0 if main() else 1)
