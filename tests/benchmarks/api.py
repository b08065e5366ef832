"""How fast the API answers with a long history: `python -m tests.benchmarks.api --help`.

Two databases, a small and a large one, are filled with runs, each is served by a real `evalhub web`, and both are asked the same in turns,
one request at a time, so that what else the machine does falls on both. Prints p50 and p95 in milliseconds and the number of queries.
"""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from math import ceil

import tests.support.environment  # noqa: F401  no keys of whoever runs this: the loaded runs are the demo models'
from tests.benchmarks.asking import Ask
from tests.benchmarks.site import Site, site

DATABASES = ("sqlite", "postgres")
MOST_RATIO = 1.5  # of p95 of a list, large to small
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of request took in the small and in the large database: milliseconds, sorted, and queries."""

    ask: Ask
    small: Sequence[float]
    large: Sequence[float]
    queries: tuple[int, int]

    @property
    def ratio(self) -> float:
        return at(self.large, 95) / at(self.small, 95)

    def __str__(self) -> str:
        figures = " ".join(f"{at(taken, percent):9.1f}" for taken in (self.small, self.large) for percent in (50, 95))
        small, large = self.queries
        return f"{self.ask.label:36}{figures} {at(self.large, 50) / at(self.small, 50):8.2f} {self.ratio:8.2f} {small:8} {large:8}"


def at(ordered: Sequence[float], percent: int) -> float:
    """A percentile, by the nearest rank."""
    return ordered[ceil(len(ordered) * percent / 100) - 1]


def measure(small: Site, large: Site, requests: int) -> Iterator[Row]:
    """Every kind of request, `requests` times in each database."""
    counted = zip(small.queries(), large.queries(), strict=True)
    for asked, same, queries in zip(small.asks, large.asks, counted, strict=True):
        yield Row(asked, *_taken(small, large, (asked, same), requests), queries)


def _taken(small: Site, large: Site, asked: tuple[Ask, Ask], requests: int) -> tuple[list[float], list[float]]:
    taken: tuple[list[float], list[float]] = ([], [])
    warm_up = min(WARM_UP, requests)
    for number in range(warm_up + requests):
        for site_, ask, times in zip((small, large), asked, taken, strict=True):
            milliseconds = site_.client.milliseconds(ask)
            if number >= warm_up:
                times.append(milliseconds)
    return sorted(taken[0]), sorted(taken[1])


def compare(database: str, *, runs: int, small: int, requests: int) -> list[Row]:
    """Fill, ask and print for one kind of database."""
    rows = []
    with ExitStack() as stack:
        sites = [stack.enter_context(site(size, database)) for size in (small, runs)]
        print(f"\n{database}, {requests} requests each: milliseconds at {small:,} runs, then at {runs:,} runs, and how many times as long")
        print(f"{'':36}" + " ".join(f"{title:>9}" for title in ("p50", "p95", "p50", "p95")) + "    p50 x    p95 x  queries  queries")
        for row in measure(*sites, requests):
            print(row, flush=True)
            rows.append(row)
    return rows


def verdict(rows: Sequence[Row]) -> bool:
    """Say whether the list keeps its promise, over all its pages: one slow kind among the twelve is more than the slowest 5 %."""
    lists = [row for row in rows if row.ask.is_list]
    small, large = (at(sorted(chain.from_iterable(taken)), 95) for taken in ([row.small for row in lists], [row.large for row in lists]))
    worst = max(lists, key=lambda row: row.ratio)
    uneven = [row.ask.label for row in rows if len(set(row.queries)) > 1]
    print(f"\nlist, p95 over all its pages: {small:.1f} ms and {large:.1f} ms, {large / small:.2f} times as long; {MOST_RATIO} is allowed")
    print(f"furthest apart: {worst.ask.label}, {worst.ratio:.2f}")
    print("queries: " + (f"they differ for {', '.join(uneven)}" if uneven else "the same at both sizes for every request"))
    return large / small <= MOST_RATIO and not uneven


def main(arguments: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="runs of the large database (default: %(default)s)")
    parser.add_argument("--small", type=int, default=1_000, help="runs of the small one (default: %(default)s)")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--requests", type=int, default=200, help="requests of each kind and database (default: %(default)s)")
    given = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("PostgreSQL is vacuumed and analysed after the load, as autovacuum would do; SQLite is not, since nothing does it there.")
    chosen = DATABASES if given.database == "both" else (given.database,)
    kept = [verdict(compare(database, runs=given.runs, small=given.small, requests=given.requests)) for database in chosen]
    return all(kept)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # by the way that takes servers and databases along
    sys.exit(0 if main() else 1)
