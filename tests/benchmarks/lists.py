"""How fast the list of runs answers with a long history: `python -m tests.benchmarks.lists --help`.

Two databases, a small and a large one, each served by a real `evalhub web`, are asked for the same pages in turns: every order, filters
that match much, little and nothing, and searches. Prints p50 and p95 in milliseconds and the ratio of the two, which is to stay below 1.5.
"""

import argparse
import contextlib
import http.client
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import tests.support.environment  # noqa: F401  no keys of whoever runs this: the loaded runs are the demo models'
from tests.benchmarks.api import DATABASES, MOST_RATIO, WARM_UP, at
from tests.benchmarks.loading import Loaded
from tests.benchmarks.site import Site, site

ORDERS = ("newest", "oldest", "best", "worst", "costliest", "cheapest", "longest", "shortest")


@dataclass(frozen=True, slots=True)
class Row:
    """What one page took in the small and in the large database, in milliseconds, sorted; and how many runs it showed."""

    label: str
    small: Sequence[float]
    large: Sequence[float]
    runs: tuple[int, int]

    @property
    def ratio(self) -> float:
        return at(self.large, 50) / at(self.small, 50)

    def __str__(self) -> str:
        figures = " ".join(f"{at(taken, percent):9.1f}" for taken in (self.small, self.large) for percent in (50, 95))
        return f"{self.label:44}{figures} {self.ratio:8.2f} {self.runs[0]:6} {self.runs[1]:6}"


def pages(loaded: Loaded) -> Iterator[tuple[str, dict[str, str]]]:
    """What is asked for: a label and a query."""
    yield "list", {}
    for sort in ORDERS:
        yield f"sort: {sort}", {"sort": sort}
    yield from (
        ("filter: status, 1 in 97", {"status": "failed"}),
        ("filter: status of none", {"status": "interrupted"}),
        ("filter: agent", {"agent": loaded.agent}),
        ("filter: template", {"template": loaded.template}),
        ("filter: kind of all", {"kind": "run_eval"}),
        ("filter: kind of none", {"kind": "evaluate"}),
        ("filter: score, rare", {"score_min": "99"}),
        ("filter: day", {"since": "2020-01-01", "to": "2199-01-01"}),
        ("filter: agent, status and score", {"agent": loaded.agent, "status": "completed", "score_max": "50"}),
        ("filter: score, rare, by score", {"score_min": "99", "sort": "best"}),
        ("filter: status of none, by cost", {"status": "interrupted", "sort": "costliest"}),
        ("filter: agent, by duration", {"agent": loaded.agent, "sort": "longest"}),
        ("search: word of every run", {"q": "lentils"}),
        ("search: words of every run", {"q": '"tin of tomatoes" nuts'}),
        ("search: word of one run", {"q": "failing0"}),
        ("search: word of none", {"q": "zeppelin"}),
        ("search: every run, by score", {"q": "lentils", "sort": "best"}),
        ("search: every run, of a rare status", {"q": "lentils", "status": "failed"}),
    )


class Reader:
    """An owner's browser: one connection and a session."""

    def __init__(self, of: Site) -> None:
        self._of = of
        self._connection = http.client.HTTPConnection(urlsplit(of.client.url).netloc, timeout=120)

    def milliseconds(self, query: dict[str, str]) -> tuple[float, int]:
        """And how many runs the page shows."""
        begin = time.perf_counter()
        self._connection.request("GET", f"/runs/?{urlencode(query)}", headers={"Cookie": f"sessionid={self._of.loaded.session}"})
        response = self._connection.getresponse()
        answer = response.read()
        taken = (time.perf_counter() - begin) * 1000
        if response.status != 200:
            raise SystemExit(f"/runs/?{urlencode(query)} answered {response.status}: {answer[:300].decode()}")
        return taken, answer.count(b"row-link")

    def close(self) -> None:
        self._connection.close()


def measure(small: Site, large: Site, requests: int) -> Iterator[Row]:
    """Every page, `requests` times in each database by turns, so that what else the machine does falls on both."""
    with contextlib.closing(Reader(small)) as one, contextlib.closing(Reader(large)) as other:
        yield from _measured((one, other), small, large, requests)


def _measured(readers: tuple[Reader, Reader], small: Site, large: Site, requests: int) -> Iterator[Row]:
    for (label, query), (_, same) in zip(pages(small.loaded), pages(large.loaded), strict=True):
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(min(WARM_UP, requests) + requests):
            for reader, asked, times in zip(readers, (query, same), taken, strict=True):
                milliseconds, _ = reader.milliseconds(asked)
                if number >= min(WARM_UP, requests):
                    times.append(milliseconds)
        shown = readers[0].milliseconds(query)[1], readers[1].milliseconds(same)[1]
        yield Row(label, sorted(taken[0]), sorted(taken[1]), shown)


def compare(database: str, *, runs: int, small: int, requests: int) -> list[Row]:
    rows = []
    with ExitStack() as stack:
        sites = [stack.enter_context(site(size, database)) for size in (small, runs)]
        print(f"\n{database}, {requests} requests each: milliseconds at {small:,} runs, then at {runs:,} runs, and how many times as long")
        print(f"{'':44}" + " ".join(f"{title:>9}" for title in ("p50", "p95", "p50", "p95")) + "    p50 x   runs   runs")
        for row in measure(sites[0], sites[1], requests):
            print(row, flush=True)
            rows.append(row)
    return rows


def verdict(rows: Sequence[Row]) -> bool:
    """Whether every page keeps the promise that shows as many runs of either: what a small history has not takes no time."""
    worst = max((row for row in rows if row.runs[0] == row.runs[1]), key=lambda row: row.ratio)
    print(f"furthest apart: {worst.label}, {worst.ratio:.2f}; {MOST_RATIO} is allowed")
    return worst.ratio <= MOST_RATIO


def main(arguments: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000, help="runs of the large database (default: %(default)s)")
    parser.add_argument("--small", type=int, default=1_000, help="runs of the small one (default: %(default)s)")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="sqlite")
    parser.add_argument("--requests", type=int, default=50, help="requests of each page and database (default: %(default)s)")
    given = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    chosen = DATABASES if given.database == "both" else (given.database,)
    kept = [verdict(compare(name, runs=given.runs, small=given.small, requests=given.requests)) for name in chosen]
    return all(kept)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # by the way that takes servers and databases along
    sys.exit(0 if main() else 1)
