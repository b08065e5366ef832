"""What the watchdog above django-q2's cluster is there for: parts that are killed, that hang, and that are killed again and again."""

import os
import signal
import time

import pytest

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.load import Load
from tests.process.durability.parts import children_of, is_gone, kill_9, wait_parts
from tests.process.running import wait_for

LOAD = Load(8)
MONITOR, PUSHER = 1, 2  # in the order in which the sentinel forks: worker, monitor, pusher


@pytest.mark.parametrize("part", [MONITOR, PUSHER], ids=["monitor", "pusher"])
def test_a_helper_of_the_queue_that_is_killed_costs_no_call_that_is_under_way(install: Install, conclude: Conclude, part: int) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="8")
    worker = here.worker()
    here.fill(LOAD)
    here.wait_made(LOAD.calls // 3)
    parts = wait_parts(worker.process.pid, here.folder)
    kill_9(children_of(parts.sentinel, here.folder)[part])
    pause = here.goes_on(time.monotonic())
    here.ends()
    assert wait_for(lambda: is_gone(parts.sentinel), 10), "the cluster that may hold a dead lock is still there"
    conclude(f"kill -9 of the queue's {'monitor' if part == MONITOR else 'pusher'}", here, pause)


@pytest.mark.parametrize("part", ["sentinel", "pusher"])
def test_a_cluster_that_does_not_answer_is_started_again(install: Install, conclude: Conclude, part: str) -> None:
    here = install(latency=0.05)
    worker = here.worker()
    parts = wait_parts(worker.process.pid, here.folder)
    hanging = [parts.drain, parts.sentinel] if part == "sentinel" else [children_of(parts.sentinel, here.folder)[PUSHER]]
    for pid in hanging:
        os.kill(pid, signal.SIGSTOP)
    here.fill(LOAD)
    pause = here.goes_on(time.monotonic())
    here.ends()
    assert is_gone(parts.sentinel)
    conclude(f"SIGSTOP of the queue's {part}", here, pause)


def test_a_cluster_that_is_killed_again_and_again_is_not_given_up(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.05)
    worker = here.worker()
    for _ in range(8):
        kill_9(wait_parts(worker.process.pid, here.folder).sentinel)
    here.fill(LOAD)
    here.ends()
    assert worker.process.poll() is None
    conclude("kill -9 of eight sentinels", here)


def test_a_worker_that_is_stopped_commits_what_is_in_work_and_another_goes_on(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.5, EVALHUB_CONCURRENCY="8")
    first = here.worker()
    here.fill(LOAD)
    here.wait_made(LOAD.calls // 3)
    first.signal(signal.SIGTERM)
    stopped = time.monotonic()
    assert first.ends(10) == 0
    assert here.statuses() == {"pending": LOAD.runs}
    here.worker()
    pause = here.goes_on(stopped)
    here.ends()
    assert here.server.seen().made == LOAD.calls
    conclude("SIGTERM in the middle", here, pause)


def test_a_second_signal_ends_a_worker_at_once(install: Install, conclude: Conclude) -> None:
    here = install(latency=2.5, EVALHUB_CONCURRENCY="8")
    first = here.worker()
    here.fill(Load(2, sessions=1, turns=1))
    here.wait_made(2)
    first.signal(signal.SIGTERM)
    time.sleep(0.5)
    assert first.process.poll() is None
    first.signal(signal.SIGTERM)
    assert first.ends(2) == 0
    here.note_kill()
    assert here.statuses() == {"pending": 2}
    here.worker()
    here.ends()
    conclude("SIGTERM twice", here)


def test_a_drain_that_hangs_is_ended_and_its_runs_go_on(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="8", EVALHUB_LEASE_SECONDS="2")
    worker = here.worker()
    here.fill(LOAD)
    here.wait_made(LOAD.calls // 3)
    drain = wait_parts(worker.process.pid, here.folder).drain
    os.kill(drain, signal.SIGSTOP)
    hung = time.monotonic()
    assert wait_for(lambda: is_gone(drain), 25)
    here.note_kill()
    pause = here.goes_on(hung, seconds=30)
    here.ends()
    conclude("a drain hangs", here, pause)
