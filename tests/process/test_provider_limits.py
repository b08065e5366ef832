"""A provider's limits over two workers: never passed, always used, and back from a worker that was killed. Counted by the model server."""

import os
import signal
import time

import pytest

from agents.limits.arithmetic import depth, rate
from agents.limits.ledger import SHARE_LENGTH
from tests.process.durability.conftest import Install, blanks, install, kind
from tests.process.durability.installation import Installation
from tests.process.durability.load import Load
from tests.process.durability.parts import below, drivers_of, kill_9
from tests.process.limited import provider_make
from tests.process.running import Started, wait_for

__all__ = ["blanks", "install", "kind"]
GRANTED = "SELECT granted FROM agents_providershare"
CEILING = "SELECT ceiling, cuts FROM agents_providerload WHERE key LIKE 'environment/%'"
REASONS = "SELECT DISTINCT error_reason FROM runs_evalrun"
BACK_S = 15


def two_workers(here: Installation) -> list[Started]:
    return [here.worker(), here.worker()]


def both_drive(here: Installation) -> bool:
    return wait_for(lambda: len(drivers_of(here.folder, here.server.port)) == 2, 15)


def test_two_workers_share_five_places_and_a_dead_ones_come_back(install: Install) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY="30")
    provider_make(here.folder, here.settings, here.server.url, max_concurrent=5)
    workers = two_workers(here)
    here.fill(Load(45, sessions=1, turns=2))
    assert both_drive(here)
    assert wait_for(lambda: sorted(here.rows(GRANTED)) == [(2,), (3,)], 10), here.rows(GRANTED)
    tree = [workers[0].process.pid, *below(workers[0].process.pid, here.folder)]
    for pid in tree:
        kill_9(pid)
    killed = time.monotonic()
    assert wait_for(lambda: here.rows(GRANTED) == [(5,)], BACK_S), here.rows(GRANTED)
    assert wait_for(lambda: here.server.seen().open == 5, 5)
    assert time.monotonic() - killed < BACK_S
    here.ends()
    assert here.statuses() == {"completed": 45}, here.rows(REASONS)
    assert here.server.seen().peak == 5


def test_what_a_frozen_worker_has_open_is_not_given_to_another(install: Install) -> None:
    here = install(latency=25.0, EVALHUB_CONCURRENCY="8", EVALHUB_LEASE_SECONDS="30")
    provider_make(here.folder, here.settings, here.server.url, max_concurrent=5)
    frozen = here.worker()
    here.fill(Load(16, sessions=1, turns=1))
    assert wait_for(lambda: here.server.seen().open == 5, 15)
    here.worker()
    tree = [frozen.process.pid, *below(frozen.process.pid, here.folder)]
    for pid in tree:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(SHARE_LENGTH.total_seconds() + 2)
    finally:
        for pid in tree:
            os.kill(pid, signal.SIGCONT)
    assert here.rows("SELECT count(*) FROM agents_providershare WHERE waiting > 0 AND in_use = 0") == [(1,)], "the other wants some"
    assert here.server.seen().peak == 5


@pytest.mark.alone
def test_two_workers_together_begin_no_more_than_the_limit_in_any_time(install: Install) -> None:
    here = install(latency=0.05, EVALHUB_CONCURRENCY="30")
    provider_make(here.folder, here.settings, here.server.url, requests_per_minute=600)
    two_workers(here)
    here.fill(Load(8, sessions=1, turns=2))
    here.ends()
    times = sorted(here.server.times())
    assert len(times) == here.load.calls
    late = 0.5  # what one request may be longer on its way than another, on a busy machine
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= depth(600) + rate(600) * (times[last] - times[first] + late)
    assert times[-1] - times[0] < 1.5 * here.load.calls / rate(600), "and it is used"


def test_a_server_that_takes_ten_is_neither_hammered_nor_left_idle(install: Install) -> None:
    here = install(latency=0.1, places=10, EVALHUB_CONCURRENCY="30")
    two_workers(here)
    here.fill(Load(40, sessions=1, turns=2))
    seen: list[tuple[float | None, int]] = []
    while set(here.statuses()) - {"completed", "failed"}:
        seen += here.rows(CEILING)
        time.sleep(0.2)
    assert here.statuses() == {"completed": 40}, here.rows(REASONS)
    heights = [height for height, _ in seen if height is not None]
    assert min(heights) < 25, "it dropped"
    assert any(later > earlier for earlier, later in zip(heights, heights[1:], strict=False)), "and rises again"
    counted = here.server.seen()
    assert counted.peak <= 10
    assert counted.refused < 0.3 * counted.made, counted
