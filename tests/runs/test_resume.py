"""An interrupted run that a person lets go on: what it keeps, and who is refused."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from runs.engine import lease, stop
from runs.engine.drain import run_drain
from runs.engine.sweep import run_sweep
from runs.models import EvalRun
from runs.services import NotInterrupted, run_cancel, run_resume
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import project_make, run_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker_is_told_to_stop() -> Iterator[None]:
    yield
    stop.reset()


def given_up(run: EvalRun) -> EvalRun:
    """The run after its last attempt went silent."""
    lease.claim(1)
    EvalRun.objects.filter(pk=run.pk).update(attempt=3, lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert run_sweep() == 1
    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED
    return run


def interrupted_in_the_middle(settings: Any) -> EvalRun:
    """Its worker stopped in the middle of the agent's first answer, and no attempt was left."""
    slow(settings)
    settings.ENV = settings.ENV.model_copy(update={"stop_seconds": 0.5})
    run = run_make()
    worker = in_thread()
    wait_for(lambda: run.messages.count() == 1)
    stop.request()
    worker.join(timeout=15)
    assert not worker.is_alive()
    stop.reset()
    settings.ENV = settings.ENV.model_copy(update={"demo_delay": 0.0})
    return given_up(run)


def resumed(run: EvalRun) -> EvalRun:
    return run_resume(run_id=run.id, project=run.project)


def test_it_waits_again_as_if_it_had_never_been_given_up() -> None:
    run = given_up(run_make())
    EvalRun.objects.filter(pk=run.pk).update(cancel_requested_at=timezone.now())
    OrmQ.objects.all().delete()
    resumed(run)
    run.refresh_from_db()
    assert (run.status, run.attempt, run.error_code, run.error_reason) == (Status.PENDING, 0, "", "")
    assert (run.completed_at, run.cancel_requested_at, run.lease_token, run.lease_owner) == (None, None, None, None)
    assert OrmQ.objects.count() == 1  # a worker is woken


def test_it_goes_on_after_its_last_turn_and_pays_for_nothing_twice(settings: Any) -> None:
    run = interrupted_in_the_middle(settings)
    before = list(run.messages.order_by("index").values_list("id", "content"))
    assert len(before) == 1
    resumed(run)
    assert run_drain(linger=0) == 1
    run.refresh_from_db()
    assert (run.status, run.attempt) == (Status.COMPLETED, 1)
    messages = list(run.messages.order_by("index").values_list("id", "content"))
    assert (messages[:1], len(messages)) == (before, 4)
    assert run.model_calls.filter(purpose="agent", error="").count() == 2  # one answer a turn, and beside them the call that was cut


def test_its_log_goes_on_with_the_next_number(settings: Any) -> None:
    run = interrupted_in_the_middle(settings)
    end = run.next_seq
    resumed(run)
    run_drain(linger=0)
    events = list(run.events.order_by("seq").values_list("seq", "type", "payload"))
    assert [seq for seq, _, _ in events] == list(range(len(events)))
    assert [kind for _, kind, _ in events[end - 1 : end + 2]] == ["final_status", "retrying", "run_started"]
    assert events[end][2]["message"] == "The run was resumed by hand. It goes on after what is done."
    assert (events[-1][1], events[-1][2]["status"]) == ("final_status", "completed")


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.INTERRUPTED}))
def test_any_other_run_is_refused_with_what_it_is(status: Status) -> None:
    run = run_make()
    EvalRun.objects.filter(pk=run.pk).update(status=status)
    with pytest.raises(NotInterrupted, match=f"The run is {status}: only an interrupted run can be resumed."):
        resumed(run)
    run.refresh_from_db()
    assert (run.status, run.next_seq) == (status, 0)


def test_another_projects_run_is_not_there() -> None:
    run = given_up(run_make())
    with pytest.raises(EvalRun.DoesNotExist):
        run_resume(run_id=run.id, project=project_make("elsewhere"))
    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED


def test_two_who_resume_at_once_are_one_resume_and_one_refusal() -> None:
    run = given_up(run_make())
    barrier, refusals = threading.Barrier(2), list[bool]()

    def once() -> None:
        try:
            barrier.wait()
            resumed(run)
            refusals.append(False)
        except NotInterrupted:
            refusals.append(True)
        finally:
            connection.close()

    threads = [threading.Thread(target=once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(refusals) == [False, True]
    assert run.events.filter(type="retrying").count() == 1


def test_a_resumed_run_can_be_cancelled_before_a_worker_has_it() -> None:
    run = given_up(run_make())
    resumed(run)
    assert run_cancel(run_id=run.id, project=run.project).status == Status.CANCELLED
    assert run_drain(linger=0) == 0
