"""Two workers on the same runs: at once, one after the other, and one that was asleep."""

import os
import signal
import time

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.installation import Installation
from tests.process.durability.load import Load
from tests.process.durability.parts import drivers_of
from tests.process.running import processes_of, wait_for

STARTED = "SELECT count(*) FROM runs_runevent WHERE type = 'run_started'"
PENDING = "SELECT count(*) FROM runs_evalrun WHERE status = 'pending'"


def test_two_workers_that_claim_the_same_runs_drive_each_once(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.1, EVALHUB_CONCURRENCY="12")
    here.worker()
    here.worker()
    here.fill(Load(200, sessions=1, turns=1))
    both = wait_for(lambda: len(drivers_of(here.folder, here.server.port)) == 2, 15)
    here.ends()
    assert both, "only one worker took part"
    assert here.number(STARTED) == here.load.runs
    conclude("two workers claim the same runs", here)


def test_a_worker_that_is_told_to_stop_loses_nothing_and_another_goes_on_at_once(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.1, EVALHUB_CONCURRENCY="6")
    first = here.worker()
    here.fill(Load(16))
    here.wait_made(here.load.calls // 4)
    first.signal(signal.SIGTERM)
    waiting = here.number(PENDING)
    assert first.ends(12) == 0
    assert here.driven == 0
    assert here.number(PENDING) >= waiting  # it gave back what it had, and took nothing more
    assert here.note_kill() == 0
    here.worker()
    pause = here.goes_on(time.monotonic(), 3)
    here.ends()
    conclude("SIGTERM to a worker", here, pause)


def test_a_worker_that_slept_past_its_lease_has_its_late_commits_refused(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.3, EVALHUB_LEASE_SECONDS="2", EVALHUB_CONCURRENCY="10")
    sleeper = here.worker()
    here.fill(Load(10))
    here.wait_made(here.load.calls // 4)
    asleep = stop_between_writes(here)
    stopped = time.monotonic()
    assert here.note_kill() <= here.load.runs
    here.worker()
    pause = here.goes_on(stopped)
    here.wait_made(here.server.seen().made + here.load.runs)  # the other has gone on with every run
    for pid in asleep:
        os.kill(pid, signal.SIGCONT)
    here.ends()
    assert wait_for(lambda: any("is no longer ours" in line for line in sleeper.said()), 5), sleeper.said()
    conclude("SIGSTOP past the lease, then SIGCONT", here, pause)


def stop_between_writes(here: Installation) -> list[int]:
    """SIGSTOP every process, at a moment when none holds a lock of the database: that would stop the other worker as well."""
    for _ in range(50):
        pids = processes_of(here.folder)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        if here.is_writable():
            return pids
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.03)
    raise AssertionError("it is always in the middle of a transaction")
