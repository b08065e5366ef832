"""kill -9 in the middle of trials: no answer is paid for twice and nothing is sent twice, but for what was in flight."""

import random
from collections import Counter

from tests.process.durability.conftest import Conclude, Install
from tests.process.durability.parts import kill_9, wait_driver
from tests.process.durability.trial_load import TrialLoad
from tests.support.item_api import item_api

AT_ONCE = 6
KILLS = 10
SEED = 11
ENDED = "SELECT passed, score, first_reason, finished_at IS NOT NULL, latency_ms IS NOT NULL FROM runs_trial"


def test_trials_of_an_api_go_on_behind_what_is_committed(install: Install, conclude: Conclude) -> None:
    with item_api() as api:
        api.delay_s = 0.05
        here = install(latency=0.05, EVALHUB_CONCURRENCY=str(AT_ONCE), EVALHUB_ALLOW_LOOPBACK_OUT="1")
        here.fill(TrialLoad(40, api_url=api.url))
        here.worker()
        moments = sorted(random.Random(SEED).sample(range(here.load.calls // 20, here.load.calls * 9 // 10), KILLS))
        for moment in moments:
            here.wait_made(moment + here.in_flight)
            kill_9(wait_driver(here.folder, here.server.port))
            assert here.note_kill() <= AT_ONCE  # one call a run
        here.ends()
        assert here.statuses() == {"completed": here.load.runs}, here.rows("SELECT status, attempt, error_reason FROM runs_evalrun")
        sent = Counter(body for *_, body in api.requests)
        assert len(sent) == here.load.runs
        assert sent.total() - len(sent) <= KILLS * AT_ONCE
        assert max(sent.values()) <= KILLS
        endings = Counter((bool(passed), score, *rest) for passed, score, *rest in here.rows(ENDED))
        assert endings == {(True, 100.0, "", True, True): here.load.runs}
        conclude("kill -9 of a drain, 10 times in a batch of API tasks", here)
