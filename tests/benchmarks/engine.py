"""What EvalHub's engine costs beside the bare calls: `python -m tests.benchmarks.engine --help`.

The work W(N, T): N conversations of T user turns, 2T model calls, and one judge call with four categories, against a local model server
in a process of its own. The floor is the script `floor` below: asyncio and aiohttp make the same calls and store nothing. Floor and
engine alternate, each in its own process, so that what else the machine does falls on both. Prints wall and CPU of both, and ratios.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import aiohttp

import tests.support.environment  # noqa: F401  no keys of whoever runs this
from tests.process.running import ROOT, told
from tests.support.postgres import scratch_database

DATABASES = ("sqlite", "postgres")
MODEL = "gpt-4.1-mini"


# The floor: nothing but the calls


async def floor(url: str, texts: Mapping[str, Any], n: int, turns: int, at_once: int) -> None:
    """The calls of W(n, turns), `at_once` conversations at a time, each answer parsed."""
    places = asyncio.Semaphore(at_once)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        await asyncio.gather(*(_conversation(http, f"{url}/v1/chat/completions", texts, turns, places) for _ in range(n)))


async def _conversation(http: aiohttp.ClientSession, url: str, texts: Mapping[str, Any], turns: int, places: asyncio.Semaphore) -> None:
    async with places:
        said: list[str] = []
        for _ in range(turns):
            for system, parity in ((texts["user"], 1), (texts["agent"], 0)):
                messages = [{"role": ("user", "assistant")[(index + parity) % 2], "content": text} for index, text in enumerate(said)]
                said.append(await _ask(http, url, [{"role": "system", "content": system}, *messages], {"seed": len(said)}))
        lines = "\n".join(json.dumps({"index": index, "content": text}) for index, text in enumerate(said))
        system, task = texts["judge"]
        schema = {"type": "json_schema", "json_schema": {"name": "Judgement", "schema": texts["schema"], "strict": True}}
        judge = [{"role": "system", "content": system}, {"role": "user", "content": f"{task}\n{lines}"}]
        json.loads(await _ask(http, url, judge, {"response_format": schema, "temperature": 0.0, "max_tokens": 4096}))


async def _ask(http: aiohttp.ClientSession, url: str, messages: Sequence[Mapping[str, str]], more: Mapping[str, Any]) -> str:
    async with http.post(url, json={"messages": messages, "model": MODEL, **more}) as response:
        answer = json.loads(await response.read())
    return str(answer["choices"][0]["message"]["content"])


def floor_measured(given: Mapping[str, Any]) -> dict[str, float]:
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    asyncio.run(floor(given["url"], given["texts"], given["n"], given["turns"], given["at_once"]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.perf_counter() - begin, "cpu": cpu}


# Floor and engine, measured in turns


@dataclass(frozen=True, slots=True)
class Work:
    """W(n, turns) with `at_once` conversations at a time against a model that takes `latency` seconds."""

    n: int
    turns: int
    at_once: int
    latency: float
    most_ratio: float = 0.0

    @property
    def calls(self) -> int:
        return self.n * (2 * self.turns + 1)

    def __str__(self) -> str:
        return f"W({self.n:,}, {self.turns}), {self.at_once} at once, {self.latency * 1000:.0f} ms"


@dataclass(frozen=True, slots=True)
class Result:
    """One process that did the work. `calls` and `sent` (bytes of bodies) are what the model server counted."""

    wall: float
    cpu: float
    calls: int
    sent: int
    rss_mb: float = 0.0
    scored: int = 0

    def per_call(self, work: Work) -> float:
        return self.cpu * 1000 / work.calls


SET = (Work(200, 6, 50, 0.2, 1.15), Work(1000, 6, 500, 0.2, 1.3))
SCALE = (1000, 2000, 4000)
MOST_CPU_MS = 1.5
MOST_RSS_MB = 250
MOST_DOUBLED = 2.1


@contextmanager
def mock(latency: float) -> Iterator[str]:
    """The address of a model server in its own process."""
    command = [sys.executable, "-m", "tests.benchmarks.engine_mock", "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def counted(url: str) -> Mapping[str, int]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: Mapping[str, int] = json.load(answer)
    return found


@contextmanager
def database(kind: str, work: Work, url: str) -> Iterator[Mapping[str, str]]:
    """The environment of a new database in which the work waits."""
    scratch = scratch_database() if kind == "postgres" else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="evalhub-bench-") as folder, scratch as address:
        environment = {
            "EVALHUB_DATA_DIR": folder,
            "DATABASE_URL": address,
            "EVALHUB_LOG_LEVEL": "ERROR",
            "EVALHUB_CONCURRENCY": str(work.at_once),
        }
        _process("engine_work", "fill", "--url", url, "--n", str(work.n), "--turns", str(work.turns), environment=environment)
        yield environment


def _process(module: str, *arguments: str, environment: Mapping[str, str], told_text: str = "") -> Any:
    """What a module of this folder prints, read as JSON."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    ended = subprocess.run(command, input=told_text, capture_output=True, text=True, check=False, cwd=ROOT, env=told(environment))
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr[-4000:]}")
    return json.loads(ended.stdout)


def pair(kind: str, work: Work, url: str) -> tuple[Result, Result]:
    """The floor and the engine, one after the other."""
    with database(kind, work, url) as environment:
        texts = _process("engine_work", "texts", environment=environment)
        asked = {"url": url, "texts": texts, "n": work.n, "turns": work.turns, "at_once": work.at_once}
        counted(url)
        bare = _process("engine", "--floor", environment=environment, told_text=json.dumps(asked))
        seen = counted(url)
        floor_ = Result(bare["wall"], bare["cpu"], seen["calls"], seen["bytes"])
        return floor_, engine(environment, work, url)


def engine(environment: Mapping[str, str], work: Work, url: str) -> Result:
    done = _process("engine_work", "drain", environment=environment)
    seen = counted(url)
    if done["scored"] != work.n:
        raise RuntimeError(f"Only {done['scored']} of {work.n} conversations ended scored: {done['ended']}")
    return Result(done["wall"], done["cpu"], seen["calls"], seen["bytes"], done["rss_mb"], done["scored"])


# What is printed

HEAD = f"{'':10}{'':8}{'wall s':>8}{'CPU s':>8}{'CPU ms/call':>13}{'calls':>8}{'MB sent':>9}{'peak MB':>9}{'scored':>8}{'wall x':>8}"


def compare(kind: str, work: Work, repeat: int) -> bool:
    """Measure and print; whether all promises that are made for this work were kept by the median pair."""
    with mock(work.latency) as url:
        pairs = sorted((pair(kind, work, url) for _ in range(repeat)), key=lambda both: both[1].wall / both[0].wall)
    bare, ours = pairs[len(pairs) // 2]
    ratios = ", ".join(f"{engine_.wall / floor_.wall:.2f}" for floor_, engine_ in pairs)
    print(f"{kind:10}{'floor':8}{_figures(bare, work)}")
    print(
        f"{kind:10}{'engine':8}{_figures(ours, work)}{ours.rss_mb:9.0f}{ours.scored:8}{ours.wall / bare.wall:8.2f}   of {ratios}",
        flush=True,
    )
    fast = not work.most_ratio or ours.wall / bare.wall <= work.most_ratio
    return fast and ours.per_call(work) <= MOST_CPU_MS and ours.rss_mb <= MOST_RSS_MB


def _figures(result: Result, work: Work) -> str:
    return f"{result.wall:8.2f}{result.cpu:8.2f}{result.per_call(work):13.2f}{result.calls:8}{result.sent / 1e6:9.1f}"


def scaling(kind: str, work: Work) -> bool:
    """The same with more conversations: twice the work may cost little more than twice the CPU."""
    costs = []
    print(f"\n{kind}: CPU of the worker for more of {work}")
    for n in SCALE:
        more = replace(work, n=n)
        with mock(work.latency) as url, database(kind, more, url) as environment:
            counted(url)
            done = engine(environment, more, url)
        ratio = f", {done.cpu / costs[-1]:.2f} times as much" if costs else ""
        print(f"{n:6,} conversations: {done.cpu:6.2f} s CPU, {done.per_call(more):.2f} ms a call, {done.rss_mb:.0f} MB{ratio}", flush=True)
        costs.append(done.cpu)
    return all(later / earlier <= MOST_DOUBLED for earlier, later in zip(costs, costs[1:], strict=False))


def main(arguments: Sequence[str] | None = None) -> bool:
    given = _parser().parse_args(arguments)
    if given.floor:
        print(json.dumps(floor_measured(json.load(sys.stdin))))
        return True
    own = Work(given.n, given.turns, given.at_once, given.latency) if given.n else None
    works = [own] if own else SET
    chosen = DATABASES if given.database == "both" else (given.database,)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if given.scaling:
        held = [scaling(kind, own or SET[1]) for kind in chosen]
        return all(held)
    kept = []
    for work in works:
        promised = f"; wall <= {work.most_ratio} x floor" if work.most_ratio else ""
        print(f"\n{work}: {work.calls:,} calls{promised}, CPU <= {MOST_CPU_MS} ms a call, peak <= {MOST_RSS_MB} MB\n{HEAD}")
        kept += [compare(kind, work, given.repeat) for kind in chosen]
    print("\nEvery promise is kept." if all(kept) else "\nNot every promise is kept.")
    return all(kept)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=0, help="conversations (default: the set of promises)")
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds a model takes (default: %(default)s)")
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--repeat", type=int, default=3, help="pairs of floor and engine; their median counts (default: %(default)s)")
    parser.add_argument("--scaling", action="store_true", help="only the CPU of 1,000, 2,000 and 4,000 conversations")
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
