"""What a batch of ten thousand children costs: `python -m tests.benchmarks.batch --help`.

A batch asks one model N prompts, one call a child, against a local model server in a process of its own. The floor is the script `floor`
below: asyncio and aiohttp make the same calls, as many at once, and store nothing. Beside that: how fast children are made with nothing
beside it, how long `batch_progress` takes while children are in every state, and how long the summary takes, for N and for more.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import aiohttp

import tests.support.environment  # noqa: F401  no keys of whoever runs this
from tests.benchmarks.batch_work import QUESTION
from tests.benchmarks.engine import DATABASES, MODEL, _ask, _process, counted, mock
from tests.support.postgres import scratch_database

MOST_PROGRESS_MS = {10_000: 20.0, 100_000: 150.0}
MOST_SUMMARY_S = 2.5
LEAST_MADE = 1000  # children a second


async def floor(url: str, n: int, at_once: int) -> None:
    """The calls of N children, `at_once` at a time, each answer parsed."""
    places = asyncio.Semaphore(at_once)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def one(number: int) -> None:
            async with places:
                await _ask(http, f"{url}/v1/chat/completions", [{"role": "user", "content": QUESTION.format(number=number)}], {})

        await asyncio.gather(*(one(number) for number in range(n)))


def floor_measured(given: Mapping[str, Any]) -> dict[str, float]:
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    asyncio.run(floor(given["url"], given["n"], given["at_once"]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"wall": time.perf_counter() - begin, "cpu": used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime}


@contextmanager
def filled(kind: str, n: int, at_once: int, url: str) -> Iterator[Mapping[str, str]]:
    """The environment of a new database in which a batch waits."""
    scratch = scratch_database() if kind == "postgres" else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="evalhub-bench-") as folder, scratch as address:
        environment = {
            "EVALHUB_DATA_DIR": folder,
            "DATABASE_URL": address,
            "EVALHUB_LOG_LEVEL": "ERROR",
            "EVALHUB_CONCURRENCY": str(at_once),
        }
        _process("batch_work", "fill", "--url", url, "--n", str(n), environment=environment)
        yield environment


def driven(kind: str, n: int, at_once: int, latency: float) -> bool:
    """Floor and drain, one after the other, and what a call took of each."""
    with mock(latency) as url, filled(kind, n, at_once, url) as environment:
        counted(url)
        bare = _process("batch", "--floor", environment=environment, told_text=json.dumps({"url": url, "n": n, "at_once": at_once}))
        calls = counted(url)["calls"]
        ours = _process("batch_work", "drain", environment=environment)
        made = counted(url)["calls"]
    _row(kind, "floor", calls, bare)
    _row(kind, "batch", made, ours, f"{ours['rss_mb']:6.0f} MB  wall x {ours['wall'] / bare['wall']:.2f}  {ours['status']}")
    return calls == made == n and ours["status"] == "completed"


def _row(kind: str, what: str, calls: int, took: Mapping[str, float], more: str = "") -> None:
    each = took["cpu"] * 1000 / calls
    print(
        f"{kind:10}{what:8}{calls:8,} calls {took['wall']:7.1f} s {calls / took['wall']:8,.0f}/s {each:7.2f} ms CPU a call {more}",
        flush=True,
    )


def counted_children(kind: str, n: int) -> bool:
    """How fast children are made, and how long it takes to say how far they are and what they came to."""
    with filled(kind, n, 1, "http://127.0.0.1:9") as environment:
        made = _process("batch_work", "dispatch", environment=environment)
        shown = _process("batch_work", "finish", environment=environment)
    rate = n / made["wall"]
    step = f"{made['cpu'] * 1000 / n:.2f} ms CPU each, longest step {made['longest_step_s']:.2f} s"
    progress = f"progress p50 {shown['p50_ms']:.1f} ms p95 {shown['p95_ms']:.1f} ms"
    took = f"summary {shown['summary_s']:.2f} s, peak {shown['rss_mb']:.0f} MB"
    print(f"{kind:10}{n:8,} children: made {rate:6,.0f}/s ({step}), {progress}, {took}", flush=True)
    most = next((limit for size, limit in sorted(MOST_PROGRESS_MS.items()) if n <= size), MOST_PROGRESS_MS[100_000])
    return shown["p50_ms"] <= most and shown["summary_s"] <= MOST_SUMMARY_S and rate >= LEAST_MADE


def main(arguments: Sequence[str] | None = None) -> bool:
    given = _parser().parse_args(arguments)
    if given.floor:
        print(json.dumps(floor_measured(json.load(sys.stdin))))
        return True
    chosen = DATABASES if given.database == "both" else (given.database,)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {MODEL}, {given.at_once} at once")
    kept = [driven(kind, given.n, given.at_once, given.latency) for kind in chosen]
    kept += [counted_children(kind, n) for kind in chosen for n in given.count]
    print("\nEvery promise is kept." if all(kept) else "\nNot every promise is kept.")
    return all(kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000, help="children that are driven")
    parser.add_argument("--count", type=int, nargs="*", default=[10_000, 100_000], help="children that are made and counted")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="sqlite")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
