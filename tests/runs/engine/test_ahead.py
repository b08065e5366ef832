"""What is claimed before it has a place: nobody is asked for it until it has one, and it is as easy to stop or give back as before."""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from runs.engine import ahead, drain, execute, load, stop
from runs.engine.ahead import Ahead
from runs.engine.lease import LeaseLost
from runs.models import EvalRun
from runs.services import run_cancel
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import project_make, run_make

DATABASE = pytest.mark.django_db(transaction=True)
WANTED = 3


def test_nothing_is_claimed_ahead_where_few_end() -> None:
    held = Ahead()
    for _ in range(9):
        held.freed()
    assert held.wanted() == 0


def test_as_many_are_claimed_ahead_as_end_while_a_claim_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    held, now = Ahead(), 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(200):
        held.freed()
    assert held.wanted() == 20
    now += ahead.WINDOW_SECONDS
    assert held.wanted() == 0
    held.freed()
    assert held.wanted() == 20
    now += 2 * ahead.WINDOW_SECONDS
    held.freed()
    assert held.wanted() == 0


@pytest.fixture
def worker(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Thread]:
    """One that has a single place, in use, and has claimed WANTED more. One run is left."""
    slow(settings, 30)
    settings.ENV = settings.ENV.model_copy(update={"concurrency": 1, "stop_seconds": 0})
    monkeypatch.setattr(Ahead, "wanted", lambda self: WANTED)
    monkeypatch.setattr(drain, "UNUSED_SECONDS", 60.0)
    project = project_make()
    for _ in range(WANTED + 2):
        run_make(project=project)
    thread = in_thread()
    try:
        wait_for(lambda: count(Status.RUNNING) == WANTED + 1 and EvalRun.objects.filter(messages__index=0).count() == 1)
        yield thread
    finally:
        stop.request()
        thread.join()
        stop.reset()


def count(status: Status, **more: Any) -> int:
    return EvalRun.objects.filter(status=status, **more).count()


@DATABASE
def test_what_waits_for_a_place_is_asked_nothing_and_goes_back_at_a_stop(worker: threading.Thread) -> None:
    assert count(Status.RUNNING, next_seq=0) == WANTED
    stop.request()
    worker.join(timeout=15)
    assert not worker.is_alive()
    assert count(Status.PENDING, attempt=0, next_seq=0) == WANTED + 1


@DATABASE
def test_a_place_that_a_stop_makes_free_is_given_to_nobody(worker: threading.Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is driven may hear of the stop before the drain does."""
    begun: list[uuid.UUID] = []
    monkeypatch.setattr(drain.Drain, "_start", lambda self, execution: begun.append(execution.lease.run_id))
    monkeypatch.setattr(drain, "CLAIM_SECONDS", 1.0)
    time.sleep(0.3)  # the drain's wait of before is over
    running = EvalRun.objects.get(messages__index=0)
    stop.request()
    run_cancel(run_id=running.id, project=running.project)
    worker.join(timeout=15)
    assert begun == []


@DATABASE
def test_what_waits_for_a_place_is_cancelled_without_one(worker: threading.Thread) -> None:
    run = EvalRun.objects.filter(status=Status.RUNNING, next_seq=0).latest("created_at")
    asked = time.monotonic()
    run_cancel(run_id=run.id, project=run.project)
    wait_for(lambda: count(Status.CANCELLED) == 1)
    assert time.monotonic() - asked < 2
    assert list(run.events.values_list("type", flat=True)) == ["final_status"]
    assert EvalRun.objects.filter(messages__index=0).count() == 1


@DATABASE
def test_what_waits_in_vain_goes_back(worker: threading.Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ahead, "wanted", lambda self: 0)
    monkeypatch.setattr(drain, "UNUSED_SECONDS", 0.0)
    wait_for(lambda: count(Status.PENDING, attempt=0, lease_token=None) == WANTED + 1)
    assert count(Status.RUNNING) == 1


@DATABASE
def test_what_waits_gets_the_place_that_becomes_free(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENV = settings.ENV.model_copy(update={"concurrency": 2})
    monkeypatch.setattr(Ahead, "wanted", lambda self: WANTED)
    project = project_make()
    for _ in range(10):
        run_make(project=project)
    assert drain.run_drain(linger=0) == 10
    assert count(Status.COMPLETED, attempt=1) == 10


@DATABASE
def test_what_cannot_be_read_with_its_claim_is_read_by_whoever_drives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    run, whole = run_make(), load.load
    failed: list[Sequence[uuid.UUID]] = []

    def blinking(run_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, load.Loaded | LeaseLost]:
        if not failed:
            failed.append(run_ids)
            raise OperationalError("the server closed the connection unexpectedly")
        return whole(run_ids)

    monkeypatch.setattr(load, "load", blinking)
    monkeypatch.setattr(execute, "load", blinking)
    assert drain.run_drain(linger=0) == 1
    run.refresh_from_db()
    assert (run.status, run.attempt, failed) == (Status.COMPLETED, 1, [[run.id]])
