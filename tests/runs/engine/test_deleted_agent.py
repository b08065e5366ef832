"""The runs of an agent that was deleted while they waited or ran."""

from typing import Any

import pytest

from agents.models import Agent, ModelProvider
from agents.services import agent_delete, agent_upsert
from evalhub.accounts.models import Project
from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.mock_thread import mock_server
from tests.support.runs import agent_make, project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)


def gone(run: EvalRun) -> None:
    agent_delete(agent_id=run.agent_id, project=run.project)


def driven(run: EvalRun) -> EvalRun:
    run_drain(linger=0)
    run.refresh_from_db()
    return run


def hook_make(project: Project, url: str = "http://127.0.0.1:9/hook") -> Agent:
    return agent_make(project, "Hook", kind=Agent.Kind.WEBHOOK, endpoint_url=url, reply_path="reply")


def test_a_character_is_played_from_the_snapshot() -> None:
    run = run_make()
    gone(run)
    assert driven(run).status == Status.COMPLETED
    assert (run.agent_name, run.messages.count()) == ("Mara", 4)


def test_an_endpoint_cannot_be_asked_and_the_run_says_that_its_agent_was_deleted() -> None:
    project = project_make()
    run = run_make(project=project, agent=hook_make(project))
    gone(run)
    assert (driven(run).status, run.error_code) == (Status.FAILED, "agent_deleted")
    assert "The agent 'Hook' was deleted" in run.error_reason
    last = run.events.order_by("seq").last()
    assert last.payload["error_reason"] == run.error_reason


def test_a_conversation_with_an_endpoint_that_has_begun_goes_on(settings: Any) -> None:
    project = project_make()
    slow(settings, 0.5)
    with mock_server() as server:
        ModelProvider.objects.create(project=project, name="mock", base_url=server.openai_url)
        template = template_make(project, judge_model="demo/judge")
        run = run_make(project=project, agent=hook_make(project, server.webhook_url), template=template)
        server.reply_delay_s = 0.5
        worker = in_thread()
        wait_for(lambda: run.messages.count() >= 1)
        gone(run)
        worker.join(timeout=15)
    run.refresh_from_db()
    assert (run.status, run.error_reason) == (Status.COMPLETED, "")


def test_a_transcript_is_judged_without_its_agent() -> None:
    project = project_make()
    run = run_make(kind=EvalRun.Kind.EVALUATE, project=project, agent=hook_make(project))
    gone(run)
    assert driven(run).status == Status.COMPLETED


def test_another_projects_agent_with_the_same_id_lends_no_secret() -> None:
    project, other = project_make(), project_make("elsewhere")
    run = run_make(project=project, agent=hook_make(project))
    gone(run)
    columns = {"kind": "webhook", "endpoint_url": "http://127.0.0.1:9/hook", "endpoint_secret": "theirs"}
    agent_upsert(project=other, name="Hook", agent_id=run.agent_id, **columns)
    assert driven(run).error_code == "agent_deleted"
