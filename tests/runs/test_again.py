"""A run once more, and its transcript judged again: what is copied, what is not, and what is refused."""

import pytest
from django.db import connection

from agents.models import Agent
from evalhub.accounts.models import Project
from runs.again import FROZEN, NothingToJudge, run_again, run_rejudge
from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.services import SourceGone, run_delete
from runs.states import Status
from tests import factories
from tests.support.runs import run_make, template_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db: None) -> Project:
    return factories.project()


def test_it_has_the_frozen_inputs_and_nothing_of_what_came_of_them(project: Project) -> None:
    source = factories.finished_run(project=project)
    made = run_again(run_id=source.pk, project=project)
    for run in (source, made):
        run.refresh_from_db()
    assert [getattr(made, name) for name in FROZEN] == [getattr(source, name) for name in FROZEN]
    assert (made.status, made.messages.count(), made.evaluation_result, made.score) == (Status.PENDING, 0, {}, None)
    assert (made.simulation_state, made.total_turns, made.total_cost_usd, made.next_seq) == ({}, 0, 0.0, 0)


def test_an_edit_of_agent_and_template_since_then_changes_nothing(project: Project) -> None:
    source = factories.finished_run(project=project)
    Agent.objects.filter(pk=source.agent_id).update(name="Somebody else", character={"name": "Somebody else"})
    source.template.delete()
    made = run_again(run_id=source.pk, project=project)
    assert (made.agent_name, made.agent_snapshot["character"]["bio"]) == ("Mara", "Plans meals.")
    assert made.template_snapshot == source.template_snapshot


def test_a_pasted_transcript_is_judged_once_more_as_it_was(project: Project) -> None:
    source = run_make(kind=EvalRun.Kind.EVALUATE, project=project)
    made = run_again(run_id=source.pk, project=project)
    said = [(message.index, message.role, message.content) for message in made.messages.all()]
    assert said == [(message.index, message.role, message.content) for message in source.messages.all()]
    assert (made.total_turns, made.total_sessions, made.kind) == (1, 1, EvalRun.Kind.EVALUATE)


def test_another_projects_run_is_not_there(project: Project) -> None:
    other = factories.finished_run(project=factories.project())
    with pytest.raises(EvalRun.DoesNotExist):
        run_again(run_id=other.pk, project=project)
    with pytest.raises(EvalRun.DoesNotExist):
        run_rejudge(run_id=other.pk, project=project, template=template_make(project), adaptation_template=None)


@pytest.mark.django_db(transaction=True)
def test_it_runs_to_its_own_end() -> None:
    source = run_make()
    run_drain(0)
    made = run_again(run_id=source.pk, project=source.project)
    run_drain(0)
    source.refresh_from_db()
    made.refresh_from_db()
    assert (made.status, made.total_turns) == (Status.COMPLETED, source.total_turns)
    assert [message.content for message in made.messages.filter(role="user")] == ["Hello", "I have two dogs, what now?"]


@pytest.mark.django_db(transaction=True)
def test_judging_again_calls_no_agent_and_leaves_the_old_result() -> None:
    source = run_make()
    run_drain(0)
    source.refresh_from_db()
    before = source.evaluation_result
    warmth = template_make(source.project, judge_samples=2)
    made = run_rejudge(run_id=source.pk, project=source.project, template=warmth, adaptation_template=None)
    run_drain(0)
    made.refresh_from_db()
    source.refresh_from_db()
    assert (made.kind, made.status, made.source_run_id) == (EvalRun.Kind.EVAL_ONLY, Status.COMPLETED, source.pk)
    assert set(made.model_calls.values_list("purpose", flat=True)) == {"judge"}
    assert made.evaluation_result["samples"] == 2
    assert source.evaluation_result == before


def test_it_judges_a_run_whose_agent_is_gone_under_the_name_it_had(project: Project) -> None:
    source = factories.finished_run(project=project)
    Agent.objects.filter(pk=source.agent_id).delete()
    made = run_rejudge(run_id=source.pk, project=project, template=template_make(project), adaptation_template=None)
    assert (made.agent_id, made.agent_name) == (source.agent_id, "Mara")


def test_a_run_that_goes_on_or_says_nothing_is_not_judged_again(project: Project) -> None:
    template = template_make(project)
    going_on = factories.run(project=project, status=Status.RUNNING)
    silent = factories.run(project=project, status=Status.FAILED)
    for run, why in ((going_on, "once it is over"), (silent, "nothing to judge")):
        with pytest.raises(NothingToJudge, match=why):
            run_rejudge(run_id=run.pk, project=project, template=template, adaptation_template=None)
    with pytest.raises(NothingToJudge, match="Choose a template"):
        run_rejudge(run_id=silent.pk, project=project, template=None, adaptation_template=None)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite: a wrapper stands for the deletion between two statements")
def test_a_transcript_that_is_deleted_meanwhile_is_said_to_be_gone(project: Project) -> None:
    source = factories.finished_run(project=project)
    template = template_make(project)

    def delete_first(execute: object, sql: str, *rest: object) -> object:
        if sql.startswith("SELECT") and "runs_message" in sql and "LIMIT 1" not in sql and source.messages.exists():
            run_delete(run_id=source.pk, project=project)
        return execute(sql, *rest)  # type: ignore[operator]

    with connection.execute_wrapper(delete_first), pytest.raises(SourceGone):
        run_rejudge(run_id=source.pk, project=project, template=template, adaptation_template=None)
