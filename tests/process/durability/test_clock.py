"""The clock jumps by an hour: nobody's run is taken away, and none stays frozen.

On SQLite both workers are on one machine and have one clock. On PostgreSQL they may be on two: there one jumps, the other does not.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.installation import LEASE_S, Installation
from tests.process.durability.load import Load
from tests.process.durability.parts import below, drivers_of, kill_9
from tests.process.running import wait_for

SOURCE = Path(__file__).with_name("jumping_clock.c")
STARTED = "SELECT count(*) FROM runs_runevent WHERE type = 'run_started'"
AHEAD, BEHIND, TRUE = 3600, -3600, 0


class Clock:
    """The wall clock of the processes that are started with `environment`. It jumps when it is set; the monotonic clock does not."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if not compiler:
            pytest.skip("there is no C compiler (Debian: gcc, libc6-dev) for the clock")
        self._library, self._file = folder / "clock.so", folder / "clock"
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE), "-ldl"], check=True)
        self._file.write_bytes(bytes(8))

    def set(self, offset: int) -> None:
        """Seconds before or after the true time. Written in place: every process has the file in its memory."""
        with self._file.open("r+b", buffering=0) as file:
            file.write(offset.to_bytes(8, sys.byteorder, signed=True))

    @property
    def environment(self) -> Mapping[str, str]:
        return {"LD_PRELOAD": str(self._library), "JUMPING_CLOCK": str(self._file)}


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


def two_workers(here: Installation, clock: Clock) -> int:
    """Both at work. Returns the supervisor of the one whose clock jumps in any case."""
    first = here.worker(**clock.environment)
    here.worker(**(clock.environment if here.kind == "sqlite" else {}))
    here.fill(Load(32, turns=3))
    assert wait_for(lambda: len(drivers_of(here.folder, here.server.port)) == 2, 15), "only one worker takes part"
    return first.process.pid


@pytest.mark.parametrize("offset", [AHEAD, BEHIND])
def test_a_clock_that_jumps_takes_no_run_from_the_living(install: Install, conclude: Conclude, clock: Clock, offset: int) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="8")
    two_workers(here, clock)
    clock.set(offset)
    here.wait_made(here.server.seen().made + 16)
    time.sleep(LEASE_S)  # so that each lease is renewed, and looked at, by either clock
    clock.set(TRUE)
    here.ends()
    assert here.number(STARTED) == here.load.runs
    conclude(f"the clock jumps by {offset:+} s and back", here)


@pytest.mark.parametrize("offset", [AHEAD, BEHIND])
def test_what_a_worker_with_a_wrong_clock_held_is_taken_over_when_it_dies(
    install: Install, conclude: Conclude, clock: Clock, offset: int
) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="8")
    first = two_workers(here, clock)
    clock.set(offset)
    time.sleep(LEASE_S)  # so that its leases end an hour from now, or an hour ago, where they are counted in its time
    tree = {first, *below(first, here.folder)}
    assert tree & drivers_of(here.folder, here.server.port), "there is nothing to take over from it"
    for pid in tree:
        kill_9(pid)
    here.note_kill(workers=2)  # with those of the other worker, which goes on
    clock.set(TRUE)
    here.ends()
    conclude(f"a worker whose clock is {offset:+} s off dies", here)
