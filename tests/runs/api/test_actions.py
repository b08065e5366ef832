"""POST /eval-runs/{run_id}/cancel and /resume. The rules of resuming: tests/runs/test_resume.py."""

import json
import time
import uuid
from typing import Any

import pytest
from django.utils import timezone

from runs.models import EvalRun
from runs.states import Status
from tests import factories
from tests.runs.api.client import Api
from tests.support.drains import in_thread, slow, wait_for

ACTIONS = ("cancel", "resume")


@pytest.fixture
def interrupted(owner: Api) -> EvalRun:
    return factories.run(project=owner.project, status=Status.INTERRUPTED, completed_at=timezone.now(), error_reason="Gone.", attempt=3)


def test_a_waiting_run_is_cancelled_at_once_and_answered_whole(owner: Api) -> None:
    run = factories.run(project=owner.project)
    answer = owner.post(f"/eval-runs/{run.id}/cancel", {})
    assert (answer.status_code, answer.json()["status"], answer.json()["run_id"]) == (200, "cancelled", str(run.id))
    assert answer.json() == owner.get(f"/eval-runs/{run.id}").json()


def test_a_final_run_stays_what_it_is(owner: Api) -> None:
    run = factories.finished_run(project=owner.project)
    assert owner.post(f"/eval-runs/{run.id}/cancel", {}).json()["status"] == "completed"
    run.refresh_from_db()
    assert (run.status, run.cancel_requested_at) == (Status.COMPLETED, None)


@pytest.mark.django_db(transaction=True)
def test_a_running_run_is_cancelled_within_two_seconds_though_a_call_is_in_flight(settings: Any) -> None:
    slow(settings)
    api = Api(factories.project())
    run = EvalRun.objects.get(pk=_started(api))
    worker = in_thread()
    wait_for(lambda: run.messages.count() == 1)
    asked = time.monotonic()
    assert api.post(f"/eval-runs/{run.id}/cancel", {}).json()["status"] == "running"
    wait_for(lambda: EvalRun.objects.get(pk=run.pk).status == Status.CANCELLED)
    assert time.monotonic() - asked < 2
    worker.join(timeout=10)
    assert not worker.is_alive()
    assert run.messages.count() == 1


def _started(api: Api) -> str:
    factories.agent(project=api.project, name="Mara", model="demo/agent")
    sessions = [{"name": "One", "turns": [{"user_message": "Hello"}]}]
    return str(api.post("/agents/Mara/simulate", {"sessions": sessions}).json()["run_id"])


def test_an_interrupted_run_waits_again(owner: Api, interrupted: EvalRun) -> None:
    answer = owner.post(f"/eval-runs/{interrupted.id}/resume", {}).json()
    assert (answer["status"], answer["completed_at"], answer.get("error_reason")) == ("pending", None, None)


def test_a_run_that_is_not_interrupted_is_a_conflict_that_names_its_status(owner: Api) -> None:
    run = factories.finished_run(project=owner.project)
    refusal = owner.post(f"/eval-runs/{run.id}/resume", {})
    assert (refusal.status_code, refusal.json()["code"]) == (409, "conflict")
    assert refusal.json()["detail"] == "The run is completed: only an interrupted run can be resumed."


def test_the_same_request_sent_twice_resumes_once(owner: Api, interrupted: EvalRun) -> None:
    path, headers = f"/api/v1/eval-runs/{interrupted.id}/resume", {**owner.headers, "Idempotency-Key": "once"}
    first, second = (owner.client.post(path, "{}", content_type="application/json", headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code, second["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.json() == second.json()
    assert interrupted.events.count() == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_no_body_is_as_good_as_an_empty_one_and_an_unknown_key_is_refused(owner: Api, interrupted: EvalRun, action: str) -> None:
    path = f"/api/v1/eval-runs/{interrupted.id}/{action}"
    refused = owner.client.post(path, json.dumps({"force": True}), content_type="application/json", headers=owner.headers)
    assert (refused.status_code, refused.json()["errors"][0]["location"]) == (422, "body.force")
    assert refused.json()["errors"][0]["message"] == "There is no such key here; no key is taken."
    assert owner.client.post(path, headers=owner.headers, content_type="application/json").status_code == 200


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("scopes", [["read"], ["write"]])
def test_both_need_the_scope_run(owner: Api, interrupted: EvalRun, action: str, scopes: list[str]) -> None:
    refusal = Api(owner.project, scopes).post(f"/eval-runs/{interrupted.id}/{action}", {})
    assert (refusal.status_code, refusal.json()["required_scope"]) == (403, "run")
    interrupted.refresh_from_db()
    assert interrupted.status == Status.INTERRUPTED


@pytest.mark.parametrize("action", ACTIONS)
def test_a_strangers_run_is_refused_as_one_that_never_was(stranger: Api, interrupted: EvalRun, action: str) -> None:
    for run_id in (str(interrupted.id), str(uuid.UUID(int=9)), "last"):
        refusal = stranger.post(f"/eval-runs/{run_id}/{action}", {})
        assert (refusal.status_code, refusal.json()["detail"]) == (404, f"There is no run {run_id!r} in this project.")
    interrupted.refresh_from_db()
    assert interrupted.status == Status.INTERRUPTED
