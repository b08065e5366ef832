"""How soon an event reaches those who watch its run: `python -m tests.benchmarks.fanout --help`.

A real web process; event streams and pages' WebSockets on one run, opened by one process; a third process writes the run's events as a
worker does. The delay counts from the moment at which the event's commit began to the moment at which its bytes were read.
"""

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tests.support.environment  # noqa: F401  no keys of whoever runs this
from tests.benchmarks.fanout_clients import Wanted
from tests.process.running import ROOT, Started, told
from tests.support.postgres import scratch_database

DATABASES = ("sqlite", "postgres")
TICKS = os.sysconf("SC_CLK_TCK")
MOST_P99_MS = 250.0
MOST_P50_ALONE_MS = 50.0
GRACE_S = 20.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one protocol: delays in milliseconds, sorted, how many watchers missed an event or had one twice, and the mean of
    the bytes that an event was to each.
    """

    protocol: str
    watchers: int
    delays: Sequence[float]
    wrong: int
    bytes_each: float = 0.0

    def at(self, percent: float) -> float:
        return self.delays[min(int(len(self.delays) * percent / 100), len(self.delays) - 1)]


@dataclass(frozen=True, slots=True)
class Measured:
    """One database: what came, and what it cost each process while events were written."""

    database: str
    seen: Sequence[Seen]
    cpu_s: float
    wall_s: float
    peak_mb: float
    events: int
    clients_cpu_s: float = 0.0
    writer_cpu_s: float = 0.0


def measure(database: str, *, sse: int, ws: int, rate: float, seconds: float) -> Measured:
    """Serve, open, write, read."""
    scratch = scratch_database() if database == "postgres" else contextlib.nullcontext("")
    with tempfile.TemporaryDirectory(prefix="evalhub-fanout-") as name, scratch as url:
        environment = {"EVALHUB_DATA_DIR": name, "DATABASE_URL": url, "EVALHUB_LOG_LEVEL": "WARNING", "EVALHUB_API_RATE_LIMIT": "0"}
        made = json.loads(_output("fanout_writer", environment=environment))
        web = Started("web", "--port", "0", folder=Path(name), **environment)
        try:
            address = web.line(r"answers at (\S+)")[1]
            wanted = Wanted(address, made["run"], made["key"], made["session"], sse, ws, seconds + GRACE_S)
            measured = _watched(database, wanted, web.process.pid, environment, rate, seconds)
            print("\n".join(web.said()[1:]), end="")  # warnings, where there were any
            return measured
        finally:
            web.stop()


def _watched(database: str, wanted: Wanted, web: int, environment: Mapping[str, str], rate: float, seconds: float) -> Measured:
    with _clients(wanted) as clients:
        time.sleep(0.5)
        cpu, begin = _cpu_s(web), time.monotonic()
        writing = ["--run", wanted.run, "--rate", str(rate), "--seconds", str(seconds)]
        wrote = json.loads(_output("fanout_writer", *writing, environment=environment))
        read = json.loads(clients.communicate(timeout=GRACE_S + seconds)[0])
        cost, wall = _cpu_s(web) - cpu, time.monotonic() - begin
    written = {int(seq): moment for seq, moment in wrote["written"].items()}
    found = [_seen(protocol, [each for each in read["watchers"] if each["protocol"] == protocol], written) for protocol in ("sse", "ws")]
    seen = [each for each in found if each.watchers]
    return Measured(database, seen, cost, wall, _peak_mb(web), len(written), read["cpu_s"], wrote["cpu_s"])


@contextlib.contextmanager
def _clients(wanted: Wanted) -> Iterator["subprocess.Popen[str]"]:
    """The process of the watchers, once all of them are open."""
    command = [sys.executable, "-m", "tests.benchmarks.fanout_clients"]
    clients = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert clients.stdin
        assert clients.stdout
        clients.stdin.write(json.dumps(asdict(wanted)) + "\n")
        clients.stdin.flush()
        if clients.stdout.readline() != "open\n":
            raise SystemExit("Not every watcher could be opened.")
        yield clients
    finally:
        clients.kill()
        clients.wait()


def _seen(protocol: str, watchers: Sequence[Mapping[str, Any]], written: Mapping[int, float]) -> Seen:
    wrong = sum([number for number, _ in each["came"]] != sorted(written) for each in watchers)
    delays = sorted((moment - written[number]) * 1000 for each in watchers for number, moment in each["came"] if number in written)
    size = sum(each["size"] for each in watchers) / max(len(watchers) * len(written), 1)
    return Seen(protocol, len(watchers), delays or [float("inf")], wrong, size)


def _output(module: str, *arguments: str, environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=told(environment))
    if ended.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{ended.stderr}")
    return ended.stdout


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024


def say(measured: Measured) -> bool:
    """Print a table. Whether nothing was lost and the delays are what is asked for."""
    kept = True
    for seen in measured.seen:
        p50, p99 = seen.at(50), seen.at(99)
        kept &= seen.wrong == 0 and p99 <= MOST_P99_MS and (seen.watchers > 1 or p50 <= MOST_P50_ALONE_MS)
        whole = "nothing lost, nothing twice" if not seen.wrong else f"{seen.wrong} watchers missed an event or had one twice"
        print(
            f"{measured.database:9} {seen.protocol:4} {seen.watchers:5} watchers  p50 {p50:7.1f} ms  p99 {p99:7.1f} ms"
            f"  max {seen.delays[-1]:7.1f} ms  {seen.bytes_each:5.0f} bytes an event  {whole}"
        )
    share = 100 * measured.cpu_s / measured.wall_s
    print(f"{measured.database:9} web: {measured.cpu_s:.1f} s of CPU in {measured.wall_s:.1f} s ({share:.0f} % of a core)", end="")
    print(f" for {measured.events} events, {measured.peak_mb:.0f} MB at most;", end="")
    print(f" clients: {measured.clients_cpu_s:.1f} s, writer: {measured.writer_cpu_s:.1f} s; load {os.getloadavg()[0]:.1f}", flush=True)
    return kept


def main(arguments: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--sse", type=int, default=500, help="event streams (default: %(default)s)")
    parser.add_argument("--ws", type=int, default=500, help="WebSockets of pages (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=10, help="events a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=15, help="for how long (default: %(default)s)")
    given = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    chosen = DATABASES if given.database == "both" else (given.database,)
    kept = [say(measure(each, sse=given.sse, ws=given.ws, rate=given.rate, seconds=given.seconds)) for each in chosen]
    return all(kept)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
