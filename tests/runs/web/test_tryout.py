"""Trying a template that nobody saved on a past transcript: a real run, judged by the draft alone."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Project
from runs.engine.drain import run_drain
from runs.models import EvalRun
from runs.states import Status
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.web.test_preview import FORM, HTMX

TRY = "/templates/try"


@pytest.fixture
def finished(project: Project) -> EvalRun:
    run = factories.run(project=project, status=Status.COMPLETED, total_turns=4)
    factories.conversation(run=run)
    return run


def tried(project: Project) -> EvalRun:
    return EvalRun.objects.get(project=project, kind=EvalRun.Kind.EVAL_ONLY)


def test_a_draft_is_tried_without_being_saved(owner: Client, project: Project, finished: EvalRun) -> None:
    answer = owner.post(TRY, {**FORM, "run": str(finished.id)}, headers=HTMX)
    run, shown = tried(project), answer.content.decode()
    frozen = run.template_snapshot
    assert (frozen["draft"], frozen["template_id"], frozen["name"], frozen["judge_samples"]) == (True, "", "Support", 2)
    assert [category["key"] for category in frozen["categories"]] == ["solved", "tone"]
    assert (run.template_id, run.source_run_id, run.messages.count()) == (None, finished.id, 8)
    assert f"/ws/runs/{run.id}/" in shown
    assert reverse("run", args=[run.id]) in shown
    assert reverse("run-live", args=[run.id]) in shown
    assert not EvalTemplate.objects.filter(project=project).exists()


def test_an_adaptation_draft_judges_adaptation(owner: Client, project: Project, finished: EvalRun) -> None:
    owner.post(TRY, {**FORM, "template_type": "adaptation", "run": str(finished.id)}, headers=HTMX)
    run = tried(project)
    assert run.template_snapshot == {}
    assert run.adaptation_template_snapshot["draft"] is True


@pytest.mark.django_db(transaction=True)
def test_a_worker_judges_by_the_draft(project: Project, finished: EvalRun) -> None:
    client = Client()
    client.force_login(factories.user(project=project, role="editor"))
    client.post(TRY, {**FORM, "judge_model": "demo/judge", "run": str(finished.id)}, headers=HTMX)
    run_drain(linger=0)
    run = tried(project)
    assert (run.status, run.evaluation_result["template_name"], run.evaluation_result["samples"]) == ("completed", "Support", 2)
    assert [category["key"] for category in run.evaluation_result["categories"]] == ["solved", "tone"]


def test_a_transcript_outlives_its_agent(owner: Client, project: Project, finished: EvalRun) -> None:
    assert finished.agent is not None
    finished.agent.delete()
    owner.post(TRY, {**FORM, "run": str(finished.id)}, headers=HTMX)
    assert tried(project).agent_name == finished.agent_name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"run": ""}, "Choose a transcript of a run first."),
        ({"run": str(uuid.uuid4())}, "Choose a transcript of a run first."),
        ({"name": ""}, "Name: A template needs a name."),
        ({"category_label": ["", "Tone"]}, "Category 1: A category needs a name."),
        ({"category_weight": ["0", "0"]}, "needs a weight above 0"),
    ],
)
def test_what_cannot_be_tried_is_said_and_nothing_starts(
    owner: Client, project: Project, finished: EvalRun, given: dict[str, object], said: str
) -> None:
    answer = owner.post(TRY, {**FORM, "run": str(finished.id), **given}, headers=HTMX)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert EvalRun.objects.filter(project=project).count() == 1


def test_runs_of_other_projects_and_runs_that_go_on_are_not_tried_on(owner: Client, project: Project) -> None:
    foreign = factories.run(project=factories.project(), status=Status.COMPLETED, total_turns=1)
    going_on = factories.run(project=project, status=Status.RUNNING, total_turns=1)
    for run in (foreign, going_on):
        assert owner.post(TRY, {**FORM, "run": str(run.id)}, headers=HTMX).status_code == 400


def test_a_viewer_may_not_spend(teammate: Client, finished: EvalRun) -> None:
    assert teammate.post(TRY, {**FORM, "run": str(finished.id)}, headers=HTMX).status_code == 403


def test_without_a_script_the_run_has_its_page(owner: Client, project: Project, finished: EvalRun) -> None:
    answer = owner.post(TRY, {**FORM, "run": str(finished.id)})
    assert answer["Location"] == reverse("run", args=[tried(project).id])
