"""DELETE /eval-runs/{run_id}. How a run in work is stopped: tests/runs/test_delete.py."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent
from runs.models import EvalRun
from runs.states import Status
from tests import factories
from tests.runs.api.client import Api, check_contract


def test_it_removes_the_run_and_is_not_there_a_second_time(owner: Api) -> None:
    run = factories.finished_run(project=owner.project)
    answer = owner.delete(f"/eval-runs/{run.id}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    check_contract("DeleteEvalRunOutputBody", answer.json())
    assert owner.get(f"/eval-runs/{run.id}").status_code == 404
    assert owner.delete(f"/eval-runs/{run.id}").status_code == 404


def test_the_run_is_read_under_its_lock_only_to_cancel_and_to_remove_it(owner: Api) -> None:
    run = factories.finished_run(project=owner.project, completed_at=timezone.now() - timedelta(hours=1))
    owner.get("/eval-runs")  # the first use of a key is noted
    with CaptureQueriesContext(connection) as queries:
        assert owner.delete(f"/eval-runs/{run.id}").status_code == 200
    asked = [each["sql"] for each in queries if each["sql"].startswith("SELECT") and 'FROM "runs_evalrun"' in each["sql"]]
    assert len(asked) == 2


def test_a_teammate_may_delete_a_waiting_run(owner: Api, teammate: Api, agent: Agent) -> None:
    run = factories.run(project=owner.project, agent=agent)
    assert teammate.delete(f"/eval-runs/{run.id}").status_code == 200
    assert not EvalRun.objects.exists()


@pytest.mark.parametrize("scopes", [["read"], ["run"], ["read", "run"]])
def test_it_needs_the_scope_write(owner: Api, agent: Agent, scopes: list[str]) -> None:
    run = factories.run(project=owner.project, agent=agent)
    refusal = Api(owner.project, scopes).delete(f"/eval-runs/{run.id}")
    assert (refusal.status_code, refusal.json()["required_scope"]) == (403, "write")
    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_a_strangers_run_is_refused_as_one_that_never_was(owner: Api, stranger: Api, agent: Agent) -> None:
    run = factories.run(project=owner.project, agent=agent)
    theirs = stranger.delete(f"/eval-runs/{run.id}")
    never = stranger.delete(f"/eval-runs/{uuid.UUID(int=9)}")
    assert (theirs.status_code, never.status_code) == (404, 404)
    assert theirs.json()["detail"].replace(str(run.id), "") == never.json()["detail"].replace(str(uuid.UUID(int=9)), "")
    run.refresh_from_db()
    assert run.status == Status.PENDING
    assert run.cancel_requested_at is None


def test_what_is_no_id_is_not_there(owner: Api) -> None:
    assert owner.delete("/eval-runs/last").status_code == 404
