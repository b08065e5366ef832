"""Whole runs, driven as a worker drives them, with the demo models and a real database."""

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.models import ModelProvider
from runs.engine import lease, stop
from runs.engine.drain import run_drain
from runs.engine.sweep import run_sweep
from runs.models import EvalRun, ModelCall, RunEvent
from runs.services import ring_if_waiting, run_cancel
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.runs import agent_make, project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)


def driven(run: EvalRun) -> EvalRun:
    run_drain(linger=0)
    run.refresh_from_db()
    return run


def event_types(run: EvalRun) -> list[str]:
    return list(run.events.order_by("seq").values_list("type", flat=True))


def test_a_run_is_simulated_judged_and_completed() -> None:
    run = driven(run_make(adaptation_template=template_make(project_make(), kind="adaptation")))
    assert (run.status, run.error_reason) == (Status.COMPLETED, "")
    assert (run.total_turns, run.total_sessions, run.messages.count()) == (2, 1, 4)
    assert [item["key"] for item in run.evaluation_result["categories"]] == ["helpfulness", "tone"]
    assert run.score == run.evaluation_result["score"]
    assert run.adaptation_score is not None
    assert run.lease_token is None
    assert run.completed_at is not None


def test_its_events_are_numbered_without_gaps_and_end_with_the_final_status() -> None:
    run = driven(run_make())
    assert list(run.events.order_by("seq").values_list("seq", flat=True)) == list(range(run.next_seq))
    types = event_types(run)
    assert types[:3] == ["run_started", "session_started", "turn_started"]
    assert types[-3:] == ["score", "evaluation_completed", "final_status"]
    last = run.events.get(seq=run.next_seq - 1).payload
    assert last["status"] == "completed"
    assert last["evaluation_result"] == last["eval_result"] == run.evaluation_result


def test_demo_scores_say_that_they_are() -> None:
    run = driven(run_make())
    assert run.uses_demo
    assert run.evaluation_result["demo"]
    assert run.judge_model == "demo/judge"


def test_costs_are_the_sums_of_the_calls() -> None:
    run = driven(run_make())
    calls = ModelCall.objects.filter(run=run)
    assert calls.filter(purpose="agent").count() == 2
    assert calls.filter(purpose="judge").count() == 1
    spent = sum(call.price_usd or 0 for call in calls)
    assert float(spent) == run.total_cost_usd


def test_a_pasted_transcript_is_judged_without_asking_the_agent() -> None:
    run = driven(run_make(kind=EvalRun.Kind.EVALUATE))
    assert (run.status, run.total_turns) == (Status.COMPLETED, 1)
    assert set(run.model_calls.values_list("purpose", flat=True)) == {"judge"}


def test_judging_again_copies_the_transcript_and_leaves_the_old_result() -> None:
    first = driven(run_make())
    again = driven(run_make(kind=EvalRun.Kind.EVAL_ONLY, source_run=first))
    assert again.status == Status.COMPLETED
    assert [m.content for m in again.messages.order_by("index")] == [m.content for m in first.messages.order_by("index")]
    assert set(again.model_calls.values_list("purpose", flat=True)) == {"judge"}
    first.refresh_from_db()
    assert first.messages.count() == 4


def test_a_template_can_ask_for_several_samples() -> None:
    template = template_make(project_make(), judge_samples=3)
    run = driven(run_make(template=template))
    assert run.evaluation_result["samples"] == 3
    assert run.verdicts.count() == 3


@pytest.mark.parametrize(
    ("model", "words"),
    [("nobody/gpt-1", '"nobody"'), ("gpt-none-such", "No configured provider"), ("demo/singer", "no demo model")],
)
def test_a_model_that_leads_nowhere_is_a_clear_error_on_the_run(model: str, words: str) -> None:
    run = driven(run_make(model=model))
    assert (run.status, run.error_code) == (Status.FAILED, "unknown_model")
    assert words in run.error_reason
    assert event_types(run) == ["error", "final_status"]


def test_a_judge_that_leads_nowhere_is_said_before_anything_is_paid_for() -> None:
    run = driven(run_make(template=template_make(project_make(), judge_model="gemini-3.1-pro-preview")))
    assert run.status == Status.FAILED
    assert "gemini-3.1-pro-preview" in run.error_reason
    assert run.model_calls.count() == 0


def test_an_endpoint_at_a_refused_address_fails_with_the_host_and_the_setting(settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"allow_loopback_out": False})
    agent = agent_make(project_make(), "Hook", kind="webhook", endpoint_url="http://127.0.0.1:9/hook")
    run = driven(run_make(agent=agent))
    assert run.status == Status.FAILED
    assert "127.0.0.1" in run.error_reason
    assert "EVALHUB_ALLOWED_HOSTS_OUT" in run.error_reason


def test_a_crashed_run_goes_on_where_it_was_and_pays_for_nothing_twice() -> None:
    run = driven(run_make())
    whole = list(run.messages.order_by("index").values_list("content", flat=True))
    # As if the worker had died before it judged: the result is gone, the transcript and the calls are there.
    EvalRun.objects.filter(pk=run.pk).update(
        status=Status.RUNNING,
        lease_token=uuid.uuid4(),
        lease_expires_at=timezone.now() - timedelta(seconds=9),
        evaluation_result={},
        score=None,
    )
    run.verdicts.all().delete()
    again = driven(run)
    assert (again.status, again.attempt) == (Status.COMPLETED, 1)
    taken = again.events.filter(type="run_started").latest("seq").payload
    assert (taken["attempt"], taken["message"]) == (2, "A worker took the run again, to judge it.")
    assert list(again.messages.order_by("index").values_list("content", flat=True)) == whole
    assert again.model_calls.filter(purpose="agent").count() == 2


def test_many_runs_are_driven_at_once() -> None:
    project = project_make()
    runs = [run_make(project=project) for _ in range(30)]
    assert run_drain(linger=0) == 30
    assert set(EvalRun.objects.filter(pk__in=[run.pk for run in runs]).values_list("status", flat=True)) == {Status.COMPLETED}


def test_a_waiting_run_is_cancelled_at_once_and_never_starts() -> None:
    run = run_make()
    run_cancel(run_id=run.id, project=run.project)
    run = driven(run)
    assert (run.status, event_types(run)) == (Status.CANCELLED, ["final_status"])


def test_a_running_run_is_cancelled_within_two_seconds_though_a_call_is_in_flight(settings: Any) -> None:
    slow(settings)
    run = run_make()
    thread = in_thread()
    wait_for(lambda: run.messages.count() == 1)
    started = time.monotonic()
    run_cancel(run_id=run.id, project=run.project)
    wait_for(lambda: EvalRun.objects.get(pk=run.pk).status == Status.CANCELLED)
    assert time.monotonic() - started < 2
    thread.join()
    assert event_types(run)[-1] == "final_status"


def stopped_after_its_first_message(settings: Any) -> EvalRun:
    """A run whose worker was told to stop in the middle of a call, and stopped."""
    slow(settings)
    settings.ENV = settings.ENV.model_copy(update={"stop_seconds": 0.2})
    run = run_make()
    thread = in_thread()
    wait_for(lambda: run.messages.count() == 1)
    try:
        stop.request()
        thread.join(timeout=4)
        assert not thread.is_alive()
    finally:
        stop.reset()
    run.refresh_from_db()
    return run


def test_a_worker_that_is_told_to_stop_gives_its_runs_back_at_once(settings: Any) -> None:
    run = stopped_after_its_first_message(settings)
    assert (run.status, run.attempt, run.messages.count()) == (Status.PENDING, 0, 1)
    settings.ENV = settings.ENV.model_copy(update={"demo_delay": 0.0})
    run = driven(run)
    assert (run.status, run.messages.count()) == (Status.COMPLETED, 4)


def test_an_abandoned_run_without_attempts_left_is_interrupted_and_keeps_what_it_has() -> None:
    run = run_make()
    lease.claim(1)
    EvalRun.objects.filter(pk=run.pk).update(attempt=3, lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert run_sweep() == 1
    assert run_sweep() == 0
    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED
    assert event_types(run) == ["error", "final_status"]


def test_a_ring_is_sent_only_when_somebody_waits_and_once_is_enough() -> None:
    from django_q.models import OrmQ

    ring_if_waiting()
    assert OrmQ.objects.count() == 0
    run_make()
    run_make()
    assert OrmQ.objects.count() == 1
    ring_if_waiting()
    assert OrmQ.objects.count() == 1


def test_a_run_that_is_deleted_while_it_runs_leaves_nothing_behind(settings: Any) -> None:
    slow(settings)
    run = run_make()
    thread = in_thread()
    wait_for(lambda: run.messages.count() == 1)
    EvalRun.objects.filter(pk=run.pk).delete()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert RunEvent.objects.filter(run_id=run.pk).count() == 0


def test_a_run_that_goes_on_keeps_the_models_it_began_with(settings: Any) -> None:
    run = stopped_after_its_first_message(settings)
    ModelProvider.objects.create(project=run.project, name="mine", base_url="http://127.0.0.1:1/v1", default_model="paid")
    settings.ENV = settings.ENV.model_copy(update={"demo_delay": 0.0})
    run = driven(run)
    assert (run.status, run.agent_model, run.judge_model) == (Status.COMPLETED, "demo/agent", "demo/judge")
    assert set(run.model_calls.values_list("model", flat=True)) == {"demo/agent", "demo/judge"}
