"""Who may work on a run."""

import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from runs.engine import lease
from runs.engine.sweep import run_sweep
from runs.models import EvalRun, RunQuerySet
from runs.states import Status
from tests.support.runs import project_make, run_make

pytestmark = pytest.mark.django_db


def silence(run: EvalRun) -> None:
    EvalRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_it_takes_the_oldest_waiting_runs_and_no_more_than_asked() -> None:
    runs = [run_make() for _ in range(3)]
    assert [won.run_id for won in lease.claim(2)] == [runs[0].id, runs[1].id]
    assert [won.run_id for won in lease.claim(2)] == [runs[2].id]
    assert lease.claim(2) == []


def test_a_claim_counts_an_attempt_and_sets_a_lease() -> None:
    run = run_make()
    [won] = lease.claim(1)
    run.refresh_from_db()
    assert (run.status, run.attempt, run.lease_token) == (Status.RUNNING, 1, won.token)
    assert run.lease_expires_at is not None
    assert run.lease_expires_at > timezone.now()


def test_a_silent_lease_is_taken_over_while_attempts_remain() -> None:
    run = run_make()
    [first] = lease.claim(1)
    silence(run)
    [second] = lease.claim(1)
    assert second.run_id == first.run_id
    assert second.token != first.token
    EvalRun.objects.filter(pk=run.pk).update(attempt=3)
    silence(run)
    assert lease.claim(1) == []
    assert list(EvalRun.objects.abandoned()) == [run]


def test_a_heartbeat_keeps_the_lease_but_not_one_that_was_taken_over() -> None:
    run = run_make()
    [old] = lease.claim(1)
    silence(run)
    lease.beat([old])
    assert lease.claim(1) == []
    silence(run)
    [new] = lease.claim(1)
    silence(run)
    lease.beat([old])
    assert [won.run_id for won in lease.claim(1)] == [new.run_id]


def test_a_run_that_is_given_back_waits_again_and_has_lost_no_attempt() -> None:
    run = run_make()
    lease.give_back(lease.claim(1))
    run.refresh_from_db()
    assert (run.status, run.attempt, run.lease_token) == (Status.PENDING, 0, None)


def test_it_sees_runs_that_were_cancelled_deleted_or_taken() -> None:
    asked, deleted, taken, going_on = run_make(), run_make(), run_make(), run_make()
    leases = lease.claim(4)
    EvalRun.objects.filter(pk=asked.pk).update(cancel_requested_at=timezone.now())
    EvalRun.objects.filter(pk=deleted.pk).delete()
    silence(taken)
    assert [won.run_id for won in lease.claim(1)] == [taken.id]
    assert lease.cancelled(leases) == {asked.id, deleted.id, taken.id}
    assert going_on.id not in lease.cancelled(leases)


@pytest.mark.django_db(transaction=True)
def test_four_claimers_at_once_never_get_the_same_run() -> None:
    project = project_make()
    for _ in range(40):
        run_make(project=project)
    won: list[list[lease.Lease]] = []

    def claim() -> None:
        mine: list[lease.Lease] = []
        while taken := lease.claim(3):
            mine += taken
        won.append(mine)
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [taken.run_id for mine in won for taken in mine]
    assert len(ids) == len(set(ids)) == 40


def test_what_a_dead_worker_held_waits_at_once_and_its_token_writes_no_more() -> None:
    owner, other = uuid.uuid4(), uuid.uuid4()
    run = run_make()
    [held] = lease.claim(1, owner)
    assert (lease.release_of(other), lease.release_of(owner)) == (0, 1)
    run.refresh_from_db()
    assert (run.status, run.attempt, run.lease_token, run.lease_owner) == (Status.PENDING, 1, None, None)
    lease.beat([held])
    run.refresh_from_db()
    assert run.lease_expires_at is None


def test_a_dead_workers_last_attempt_is_left_to_the_sweep() -> None:
    run, owner = run_make(), uuid.uuid4()
    EvalRun.objects.filter(pk=run.pk).update(attempt=2)
    lease.claim(1, owner)
    assert lease.release_of(owner) == 1
    assert not lease.something_waits()
    assert list(EvalRun.objects.abandoned()) == [run]


def test_a_worker_takes_no_run_from_itself() -> None:
    mine, dead = run_make(), run_make()
    [held] = lease.claim(1)
    lease.claim(1)
    silence(mine)
    silence(dead)
    assert [won.run_id for won in lease.claim(2, driven={mine.id})] == [dead.id]
    lease.beat([held])
    mine.refresh_from_db()
    assert (mine.lease_token, mine.attempt) == (held.token, 1)


def asked_to_stop(owner: uuid.UUID | None = None, **changed: object) -> tuple[EvalRun, lease.Lease]:
    """A run in work, and its lease."""
    run = run_make()
    [held] = lease.claim(1, owner)
    EvalRun.objects.filter(pk=run.pk).update(cancel_requested_at=timezone.now(), **changed)
    return run, held


def is_cancelled(run: EvalRun) -> bool:
    run.refresh_from_db()
    last = run.events.order_by("seq").last()
    told = last.payload["status"] if last else ""
    return (run.status, run.lease_token, told) == (Status.CANCELLED, None, "cancelled") and run.completed_at is not None


def test_a_run_that_was_to_stop_is_not_given_back() -> None:
    run, held = asked_to_stop()
    lease.give_back([held])
    assert is_cancelled(run)


def test_a_run_that_was_to_stop_ends_with_its_worker() -> None:
    owner = uuid.uuid4()
    run, _ = asked_to_stop(owner)
    assert lease.release_of(owner) == 1
    assert is_cancelled(run)


@pytest.mark.parametrize("attempt", [1, 3])
def test_a_run_that_was_to_stop_is_ended_by_the_sweep(attempt: int) -> None:
    run, _ = asked_to_stop(attempt=attempt)
    assert run_sweep() == 0, "its worker lives"
    silence(run)
    assert run_sweep() == 1
    assert is_cancelled(run)


@pytest.mark.parametrize("looked_for", [EvalRun.objects.claimable, EvalRun.objects.abandoned, EvalRun.objects.unheard])
def test_a_claim_reads_only_what_is_alive(looked_for: Callable[[], RunQuerySet]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite: PostgreSQL reads a small table whole, whatever the indexes are")
    assert "run_claim" in looked_for().order_by("created_at").explain()
