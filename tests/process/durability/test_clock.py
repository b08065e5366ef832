"""A worker's clock jumps by an hour while another worker's does not: nobody's run is taken away, and none stays frozen."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.installation import LEASE_S, Installation
from tests.process.durability.load import Load
from tests.process.durability.parts import below, drivers_of, kill_9
from tests.process.running import wait_for

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
STARTED = "SELECT count(*) FROM runs_runevent WHERE type = 'run_started'"
AHEAD, BEHIND, TRUE = "+3600", "-3600", "+0"


class Clock:
    """The wall clock of the processes that are started with `environment`. It jumps when it is set; the monotonic clock does not."""

    def __init__(self, folder: Path) -> None:
        if not LIBRARY.exists():
            pytest.skip("libfaketime (Debian: faketime) is not on this machine")
        self._file = folder / "clock"
        self.set(TRUE)

    def set(self, offset: str) -> None:
        """Seconds before or after the true time. Put in place at once: a reader must not see half of it."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        os.replace(new, self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


def two_workers(here: Installation, clock: Clock) -> int:
    """One by a clock that jumps, one by the true one, both at work. Returns the first one's supervisor."""
    first = here.worker(**clock.environment)
    here.worker()
    here.fill(Load(24))
    assert wait_for(lambda: len(drivers_of(here.folder, here.server.port)) == 2, 15), "only one worker takes part"
    return first.process.pid


@pytest.mark.parametrize("offset", [AHEAD, BEHIND])
def test_a_clock_that_jumps_takes_no_run_from_the_living(install: Install, conclude: Conclude, clock: Clock, offset: str) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="8")
    two_workers(here, clock)
    clock.set(offset)
    here.wait_made(here.server.seen().made + 16)
    time.sleep(LEASE_S)  # so that each lease is renewed, and looked at, by either clock
    clock.set(TRUE)
    here.ends()
    assert here.number(STARTED) == here.load.runs
    conclude(f"the clock jumps by {offset} s and back", here)


@pytest.mark.parametrize("offset", [AHEAD, BEHIND])
def test_what_a_worker_with_a_wrong_clock_held_is_taken_over_when_it_dies(
    install: Install, conclude: Conclude, clock: Clock, offset: str
) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="8")
    first = two_workers(here, clock)
    clock.set(offset)
    time.sleep(LEASE_S)  # so that its leases end an hour from now, or an hour ago
    tree = [first, *below(first, here.folder)]
    before = here.server.seen().made - here.stored_calls
    for pid in tree:
        kill_9(pid)
    killed = time.monotonic()
    here.in_flight += before
    here.ends()
    conclude(f"a worker whose clock is {offset} s off dies", here, time.monotonic() - killed)
