"""kill -9 while a batch's children are made, and while they are driven: none is lost, none is there twice, nothing is paid for twice."""

import json
import subprocess
import sys
import time

from runs.states import FINAL
from tests.process.durability.batch_load import BatchLoad, fill
from tests.process.durability.conftest import Install
from tests.process.durability.installation import Installation
from tests.process.durability.parts import kill_9, wait_driver
from tests.process.running import ROOT, told, wait_for

CHILDREN, FEWER = 2000, 800
AT_ONCE = 32
BATCHES = "SELECT status, total, dispatched, summary, error_reason FROM runs_batch"
SECONDS = 120.0


def test_children_are_made_and_paid_for_once_whenever_their_maker_is_killed(install: Install) -> None:
    here = install(latency=0.05, EVALHUB_CONCURRENCY=str(AT_ONCE))
    fill(here, BatchLoad(CHILDREN))
    here.worker()
    for made in (1, CHILDREN // 2):
        killed = kill_while_dispatching(here, made)
        assert killed < CHILDREN, "it was killed when all were made already"
    for calls in (CHILDREN // 4, CHILDREN // 2, CHILDREN * 5 // 8):
        here.wait_made(calls + here.in_flight, SECONDS)
        wait_first_tries(here)
        kill(here)
    ended(here)
    check(here)


def test_batches_of_two_workers_are_made_once(install: Install) -> None:
    here = install(latency=0.02, EVALHUB_CONCURRENCY=str(AT_ONCE))
    fill(here, BatchLoad(FEWER, batches=2))
    here.worker("--worker-processes", "2")
    here.wait_made(200, SECONDS)
    kill(here, workers=2)
    ended(here)
    check(here, batches=2)


def test_a_batch_that_was_cancelled_stays_so_whoever_is_killed(install: Install) -> None:
    here = install(latency=0.2, EVALHUB_CONCURRENCY=str(AT_ONCE))
    fill(here, BatchLoad(FEWER))
    here.worker()
    here.wait_made(AT_ONCE, SECONDS)
    cancelled_at = time.monotonic()
    kill(here)
    cancel(here)  # nobody who drove its children is there to hear it
    ended(here)
    made = here.server.seen().made
    [(status, _, dispatched, _, _)] = here.rows(BATCHES)
    assert status == "cancelled"
    assert set(here.statuses()) <= {"cancelled", "completed"}
    assert sum(here.statuses().values()) == dispatched
    assert made < FEWER / 2, "it went on after it was cancelled"
    assert time.monotonic() - cancelled_at < SECONDS


def kill_while_dispatching(here: Installation, made: int) -> int:
    """Kill whoever drives runs once that many children exist. Returns how many there were then."""
    assert wait_for(lambda: here.number("SELECT sum(dispatched) FROM runs_batch") >= made, SECONDS), here.said()
    kill(here)
    return here.number("SELECT sum(dispatched) FROM runs_batch")


def wait_first_tries(here: Installation) -> None:
    """Until whatever earlier kills stopped is over. A child whose driver dies under it three times is given up, as it should be."""
    again = "SELECT count(*) FROM runs_evalrun WHERE completed_at IS NULL AND (attempt > 1 OR attempt = 1 AND status = 'pending')"
    assert wait_for(lambda: here.number(again) == 0, SECONDS), here.said()


def kill(here: Installation, workers: int = 1) -> None:
    assert not all(row[0] in FINAL for row in here.rows(BATCHES)), "all was over before it could be killed"
    kill_9(wait_driver(here.folder, here.server.port))
    if workers == 1:
        here.note_kill()
    else:  # the other one goes on, so that nobody can tell what is in flight; it is the killed one's places at most
        here.in_flight += AT_ONCE


def ended(here: Installation) -> None:
    over = wait_for(lambda: all(row[0] in FINAL for row in here.rows(BATCHES)), SECONDS)
    assert over, f"{here.rows(BATCHES)}, {dict(here.statuses())}, {here.said()}"


def check(here: Installation, batches: int = 1) -> None:
    each = here.load.runs // batches
    for status, total, dispatched, summary, reason in here.rows(BATCHES):
        assert (status, total, dispatched) == ("completed", each, each), reason
        figures = (json.loads(summary) if isinstance(summary, str) else summary)["overall"]
        assert (figures["n"], figures["completed"]) == (each, each)
    assert dict(here.statuses()) == {"completed": here.load.runs}
    assert here.number("SELECT count(DISTINCT batch_id || '/' || position) FROM runs_trial") == here.load.runs
    assert here.number("SELECT count(*) FROM runs_trial WHERE finished_at IS NULL") == 0
    assert here.number("SELECT count(*) FROM runs_message WHERE role = 'assistant'") == here.load.runs
    seen = here.server.seen()
    assert seen.distinct == here.load.runs, seen
    assert seen.made <= here.load.runs + here.in_flight, (seen, here.in_flight)


def cancel(here: Installation) -> None:
    program = (
        "import sys; from pathlib import Path; from evalhub.cli.installation import django_start; django_start(Path(sys.argv[1]));"
        "from runs.models import Batch; from runs.batches.services import batch_cancel; from django.db import connection;"
        "[batch_cancel(batch_id=row.pk, project=row.project) for row in Batch.objects.all()]; connection.close()"
    )
    command = [sys.executable, "-c", program, str(here.folder)]
    done = subprocess.run(command, cwd=ROOT, env=told(here.settings), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
