"""kill -9 of each process of a worker's tree: work goes on within 15 s, and no orphan stays."""

import time

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.installation import GO_ON_S, Installation
from tests.process.durability.load import Load
from tests.process.durability.parts import below, is_gone, kill_9, the_worker_of, wait_parts
from tests.process.running import wait_for

LOAD = Load(16)
MIDDLE = LOAD.calls // 3  # of four runs at a time, not between two fours
ORPHANS_S = 5.0


def kill_in_the_middle(here: Installation, pid: int) -> float:
    """kill -9 while runs are driven. Returns when (monotonic). Everything below it must end."""
    heirs = below(pid, here.folder)
    kill_9(pid)
    killed = time.monotonic()
    assert wait_for(lambda: all(is_gone(heir) for heir in heirs), ORPHANS_S), f"orphans of {pid}: {heirs}"
    here.note_kill()
    return killed


def test_an_idle_worker_process_that_is_killed_holds_nobody_up(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.05)
    worker = here.worker()
    kill_9(wait_parts(worker.process.pid, here.folder).drain)
    here.fill(LOAD)
    filled = time.monotonic()
    here.wait_made(1, GO_ON_S)  # not one more than there are: on a busy machine all may have been made before the filling command ended
    pause = time.monotonic() - filled
    here.ends()
    conclude("kill -9 of an idle q2 worker", here, pause)


def test_a_sentinel_that_is_killed_is_started_again(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.1, EVALHUB_CONCURRENCY="4")
    worker = here.worker()
    here.fill(LOAD)
    here.wait_made(MIDDLE)
    killed = kill_in_the_middle(here, wait_parts(worker.process.pid, here.folder).sentinel)
    pause = here.goes_on(killed)
    here.ends()
    assert worker.process.poll() is None
    conclude("kill -9 of the sentinel", here, pause)


def test_a_supervisor_that_is_killed_takes_its_tree_along_and_can_be_started_again(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.1, EVALHUB_CONCURRENCY="4")
    worker = here.worker()
    here.fill(LOAD)
    here.wait_made(MIDDLE)
    killed = kill_in_the_middle(here, worker.process.pid)
    here.worker()
    pause = here.goes_on(killed)
    here.ends()
    conclude("kill -9 of the supervisor, the cluster's parent", here, pause)


def test_evalhub_up_starts_a_killed_worker_again(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.1, EVALHUB_CONCURRENCY="4")
    up = here.up()
    here.fill(LOAD)
    here.wait_made(MIDDLE)
    killed = kill_in_the_middle(here, the_worker_of(up.process.pid, here.folder))
    pause = here.goes_on(killed)
    here.ends()
    assert up.answers()
    conclude("kill -9 of the supervisor under evalhub up", here, pause)
