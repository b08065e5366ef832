"""A cancel takes effect within one model call and within two seconds, however much its worker has to do."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from runs.clock import CLOCK
from runs.engine import lease, stop
from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.services import run_cancel
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import project_make, run_make

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 500


@pytest.mark.slow
def test_one_of_five_hundred_runs_is_cancelled_within_two_seconds(settings: Any) -> None:
    slow(settings, 60)
    settings.ENV = settings.ENV.model_copy(update={"concurrency": MANY, "stop_seconds": 0})
    project = project_make()
    runs = [run_make(project=project) for _ in range(MANY)]
    in_call = EvalRun.objects.filter(messages__index=0)
    thread = in_thread()
    try:
        wait_for(lambda: in_call.count() == MANY, 30)
        asked = time.monotonic()
        run_cancel(run_id=runs[MANY // 2].id, project=project)
        wait_for(lambda: EvalRun.objects.filter(status=Status.CANCELLED).count() == 1)
        assert time.monotonic() - asked < 2
        stop.request()
        thread.join(timeout=15)
        assert not thread.is_alive()
    finally:
        stop.request()
        thread.join()
        stop.reset()
    assert EvalRun.objects.filter(status=Status.PENDING, attempt=0).count() == MANY - 1


def test_a_wish_that_its_worker_did_not_live_to_hear_costs_the_next_one_no_call() -> None:
    run = run_make()
    lease.claim(1)
    run_cancel(run_id=run.id, project=run.project)
    EvalRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    run_drain(linger=0)
    run.refresh_from_db()
    assert (run.status, run.error_reason) == (Status.CANCELLED, "Cancelled on request.")
    assert (run.messages.count(), run.model_calls.count()) == (0, 0)


def test_a_run_whose_worker_is_silent_ends_at_once() -> None:
    run = run_make()
    lease.claim(1)
    EvalRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert run_cancel(run_id=run.id, project=run.project).status == Status.CANCELLED


def test_while_the_clock_is_in_doubt_its_worker_is_told_instead() -> None:
    run = run_make()
    lease.claim(1)
    EvalRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    CLOCK.doubt()
    asked = run_cancel(run_id=run.id, project=run.project)
    assert (asked.status, asked.cancel_requested_at is None) == (Status.RUNNING, False)
