"""A worker that is told to stop: what is in work is committed, nothing new is asked, and another one goes on as if nothing had been."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from runs.engine import stop
from runs.models import EvalRun
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def going_on() -> Iterator[None]:
    yield
    stop.reset()


def stopped_when(run: EvalRun, messages: int, *, soon: float = 0.1) -> float:
    """Stop the worker in the call after that many messages. Returns how long it took to leave."""
    thread = in_thread()
    wait_for(lambda: run.messages.count() >= messages)
    time.sleep(soon)
    began = time.monotonic()
    stop.request()
    thread.join(timeout=10)
    assert not thread.is_alive()
    stop.reset()
    run.refresh_from_db()
    return time.monotonic() - began


def finished(run: EvalRun) -> EvalRun:
    thread = in_thread()
    thread.join()
    run.refresh_from_db()
    return run


def told(run: EvalRun) -> list[tuple[object, ...]]:
    return list(run.messages.order_by("index").values_list("index", "role", "content", "session_index", "turn_index"))


def test_the_call_in_flight_is_committed_and_no_other_is_made(settings: Any) -> None:
    slow(settings, 0.6)
    run = run_make()
    took = stopped_when(run, 1)
    assert took < 2
    assert (run.status, run.attempt, run.lease_token) == (Status.PENDING, 0, None)
    # The answer that was being given, and the next scripted line, which nobody is asked for.
    assert (run.messages.count(), run.model_calls.count()) == (3, 1)


def test_a_call_that_takes_too_long_is_aborted_when_the_time_is_up(settings: Any) -> None:
    slow(settings, 20)
    settings.ENV = settings.ENV.model_copy(update={"stop_seconds": 0.5})
    run = run_make()
    took = stopped_when(run, 1)
    assert 0.4 < took < 2
    assert (run.status, run.messages.count()) == (Status.PENDING, 1)


@pytest.mark.parametrize("messages", [1, 2, 3, 4])
def test_the_transcript_of_a_stopped_run_is_that_of_one_that_was_not(settings: Any, messages: int) -> None:
    """Stopped in the agent's turn, the user's, and the judge's: every call is paid for once."""
    project = project_make()
    whole = finished(run_make(project=project))
    slow(settings, 0.3)
    cut = run_make(project=project)
    EvalRun.objects.filter(pk=cut.pk).update(created_at=whole.created_at)
    stopped_when(cut, messages)
    again = finished(cut)
    assert again.status == Status.COMPLETED
    assert [line[1:] for line in told(again)] == [line[1:] for line in told(whole)]
    assert again.simulated_minutes == whole.simulated_minutes
    assert again.model_calls.count() == whole.model_calls.count()
    assert list(again.events.order_by("seq").values_list("seq", flat=True)) == list(range(again.next_seq))


def test_samples_of_a_judge_are_committed_and_not_asked_for_again(settings: Any) -> None:
    run = run_make(template=template_make(project_make(), judge_samples=3))
    slow(settings, 0.4)
    stopped_when(run, 4)
    again = finished(run)
    assert again.status == Status.COMPLETED
    assert (again.verdicts.count(), again.model_calls.filter(purpose="judge").count()) == (3, 3)


def test_a_run_that_goes_on_says_where(settings: Any) -> None:
    slow(settings, 0.6)
    run = run_make()
    stopped_when(run, 1)
    settings.ENV = settings.ENV.model_copy(update={"demo_delay": 0.0})
    finished(run)
    messages = [event.payload["message"] for event in run.events.filter(type="run_started").order_by("seq")]
    assert messages == ["A worker took the run.", "A worker took the run again, at turn 2."]
