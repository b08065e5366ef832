"""kill -9 of the process that drives runs, and of everything at once."""

import random

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.load import Load
from tests.process.durability.parts import kill_9, wait_driver

AT_ONCE = 8
KILLS = 20
SEED = 4


def test_a_drain_killed_at_twenty_moments_pays_again_only_for_what_was_in_flight(install: Install, conclude: Conclude) -> None:
    here = install(latency=0.05, EVALHUB_CONCURRENCY=str(AT_ONCE))
    here.fill(Load(50))
    here.worker()
    # The moments are numbers of calls, so that a slow machine is not killed more often.
    moments = sorted(random.Random(SEED).sample(range(here.load.calls // 20, here.load.calls * 9 // 10), KILLS))
    for moment in moments:
        here.wait_made(moment + here.in_flight)
        pid = wait_driver(here.folder, here.server.port)
        kill_9(pid)
        assert here.note_kill() <= AT_ONCE  # one call a run
    here.ends()
    conclude("kill -9 of a drain, 20 times", here)
