"""The rows of workers, and what becomes of a dead one's runs. The dead here are real processes."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from agents.limits import ledger
from agents.limits.keys import environment_key
from agents.models import ProviderShare
from runs.engine import lease, workers
from runs.engine.drain import run_drain
from runs.models import EvalRun, Worker
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import run_make

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not workers.place(), reason="only Linux says which boot and which process this is"),
]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeping:
        yield sleeping
        sleeping.kill()


def row_of(pid: int, **changed: object) -> Worker:
    now = timezone.now()
    told = {"place": workers.place(), "pid": pid, "born": workers.born(pid) or 0, "started_at": now, "seen_at": now}
    return Worker.objects.create(kind=Worker.Kind.DRAIN, host="here", **told | changed)


def held_by(owner: uuid.UUID) -> EvalRun:
    run = run_make()
    lease.claim(1, owner)
    return run


def test_a_living_process_keeps_what_it_holds(process: subprocess.Popen[bytes]) -> None:
    row = row_of(process.pid)
    held_by(row.id)
    assert workers.bury_dead() == 0
    assert Worker.objects.filter(pk=row.id).exists()


def test_what_a_killed_process_held_is_free_before_its_parent_has_noticed(process: subprocess.Popen[bytes]) -> None:
    row = row_of(process.pid)
    run = held_by(row.id)
    process.kill()
    wait_for(lambda: workers.born(process.pid) is None)  # a zombie, since nobody has waited for it
    assert workers.bury_dead() == 1
    run.refresh_from_db()
    assert (run.status, run.attempt, run.lease_token) == (Status.PENDING, 1, None)
    assert not Worker.objects.exists()


def test_the_places_of_a_killed_process_at_its_providers_count_for_seconds_only(process: subprocess.Popen[bytes]) -> None:
    row, key = row_of(process.pid), environment_key("openai")
    ledger.renew(row.id, ledger.Report(key, in_use=5, held=5, wanted=5, timeout_s=600.0))
    process.kill()
    wait_for(lambda: workers.born(process.pid) is None)
    workers.bury_dead()
    share = ProviderShare.objects.get(holder=row.id)
    assert share.granted == 5, "its servers have not noticed yet"
    assert share.holds_until <= timezone.now() + ledger.CLOSING


def test_a_number_that_was_given_again_is_not_the_old_process(process: subprocess.Popen[bytes]) -> None:
    held_by(row_of(process.pid, born=1).id)
    assert workers.bury_dead() == 1


def test_nobody_says_of_another_place_who_is_dead_there() -> None:
    row = row_of(2**22 + 1, place="another-boot/1")
    held_by(row.id)
    assert workers.bury_dead() == 0
    assert Worker.objects.filter(pk=row.id).exists()


def test_rows_of_machines_that_never_came_back_are_forgotten_after_a_day() -> None:
    now = timezone.now()
    row_of(1, place="gone", seen_at=now - timedelta(hours=25))
    kept = row_of(1, place="away", seen_at=now - timedelta(hours=23))
    workers.forget_silent()
    assert list(Worker.objects.all()) == [kept]


def test_a_row_that_was_lost_is_written_again_by_the_next_beat() -> None:
    row = workers.WorkerRow(Worker.Kind.SUPERVISOR)
    row.beat()
    Worker.objects.all().delete()
    row.beat(driving=3, calls_per_second=1.5)
    said = Worker.objects.get()
    assert (said.pid, said.born, said.driving, said.calls_per_second) == (os.getpid(), workers.born(os.getpid()), 3, 1.5)
    assert list(Worker.objects.seen_within(60)) == [said]
    row.leave()
    assert not Worker.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_drain_is_seen_while_it_works_and_owns_what_it_drives(settings: object) -> None:
    slow(settings, 0.5)
    run = run_make()
    thread = in_thread()
    wait_for(lambda: run.messages.count() == 1)
    run.refresh_from_db()
    drain = Worker.objects.get()
    assert (drain.kind, drain.pid, run.lease_owner) == (Worker.Kind.DRAIN, os.getpid(), drain.id)
    thread.join()
    run.refresh_from_db()
    assert (run.status, run.lease_owner) == (Status.COMPLETED, None)
    assert not Worker.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_gets_on_between_deaths_is_never_given_up() -> None:
    run = run_make()
    EvalRun.objects.filter(pk=run.pk).update(attempt=2)
    run_drain(linger=0)
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Status.COMPLETED, 1)
    assert run.events.get(seq=0).payload["attempt"] == 3
