"""What is done with the runs that are ticked: cancel, judge again, delete; bounded, scoped, and told in one sentence."""

import time
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Project
from runs import bulk
from runs.models import EvalRun
from runs.states import Status
from tests import factories


def done(client: Client, action: str, *runs: EvalRun | uuid.UUID, **more: str) -> str:
    """The sentence that the list says afterwards."""
    ids = [run.id if isinstance(run, EvalRun) else run for run in runs]
    response = client.post("/runs/bulk", {"action": action, "run": ids, **more}, follow=True)
    assert response.redirect_chain[0][1] == 302
    return " ".join(str(message) for message in response.context["messages"])


def driven(project: Project) -> EvalRun:
    """One whose worker lives."""
    return factories.run(project=project, status=Status.RUNNING, lease_expires_at=timezone.now() + timedelta(seconds=30))


def test_it_cancels_what_is_not_over(owner: Client, project: Project) -> None:
    waiting, running, over = factories.run(project=project), driven(project), factories.finished_run(project=project)
    said = done(owner, "cancel", waiting, running, over, uuid.uuid4())
    assert said == "1 cancelled, 1 asked to stop, 1 was over already, 1 was already gone."
    waiting.refresh_from_db()
    running.refresh_from_db()
    assert (waiting.status, running.status) == (Status.CANCELLED, Status.RUNNING)
    assert running.cancel_requested_at


def test_it_deletes_and_says_what_was_gone(owner: Client, project: Project) -> None:
    runs = [factories.finished_run(project=project) for _ in range(3)]
    kept = factories.run(project=project)
    assert done(owner, "delete", *runs, uuid.uuid4()) == "3 deleted, 1 was already gone."
    assert list(EvalRun.objects.all()) == [kept]


def test_deleting_many_that_workers_hold_waits_once(owner: Client, project: Project) -> None:
    runs = [driven(project) for _ in range(12)]
    began = time.monotonic()
    assert done(owner, "delete", *runs) == "12 deleted."
    assert time.monotonic() - began < 12
    assert not EvalRun.objects.exists()


def test_it_judges_again_with_the_template_that_is_chosen(owner: Client, project: Project) -> None:
    run, active, silent = factories.finished_run(project=project), driven(project), factories.run(project=project, status=Status.FAILED)
    template = factories.template(project=project, name="Strict")
    said = done(owner, "rejudge", run, active, silent, template=str(template.id))
    assert said == "1 is judged again, 1 is not over, 1 has no transcript."
    made = EvalRun.objects.get(source_run=run)
    assert (made.kind, made.template_snapshot["name"], made.messages.count()) == ("eval_only", "Strict", run.messages.count())


def test_a_run_whose_agent_is_deleted_is_not_judged_again(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    run.agent.delete()
    said = done(owner, "rejudge", run, template=str(factories.template(project=project).id))
    assert said == "1 has no agent any more."


def test_what_is_too_long_for_one_request_is_left_out(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_COPIED", 3)
    runs = [factories.finished_run(project=project) for _ in range(2)]
    said = done(owner, "rejudge", *runs, template=str(factories.template(project=project).id))
    assert said == "1 is judged again, 1 was left out, since the transcripts are long: select it again."


@pytest.mark.parametrize("template", ["", "x", "adaptation", "foreign"])
def test_without_a_template_of_the_project_nothing_is_judged(owner: Client, project: Project, template: str) -> None:
    named = {
        "adaptation": lambda: str(factories.template(project=project, kind="adaptation").id),
        "foreign": lambda: str(factories.template(project=factories.project()).id),
    }.get(template, lambda: template)()
    run = factories.finished_run(project=project)
    assert "choose one of the templates" in done(owner, "rejudge", run, template=named)
    assert not EvalRun.objects.filter(source_run=run).exists()


@pytest.mark.parametrize("action", ["cancel", "delete", "rejudge"])
def test_a_viewer_does_nothing_and_is_offered_only_the_export(teammate: Client, project: Project, action: str) -> None:
    run = factories.run(project=project)
    assert teammate.post("/runs/bulk", {"action": action, "run": [run.id]}).status_code == 403
    run.refresh_from_db()
    assert run.status == Status.PENDING
    page = teammate.get("/runs/").text
    assert 'value="delete"' not in page
    assert 'formaction="/runs/export.csv"' in page


@pytest.mark.parametrize("action", ["cancel", "delete", "rejudge"])
def test_another_projects_runs_are_gone_for_a_stranger(stranger: Client, project: Project, action: str) -> None:
    run = factories.run(project=project)
    template = factories.template(project=None)
    assert done(stranger, action, run, template=str(template.id)) in {"1 was already gone."}
    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_more_than_two_hundred_are_refused_and_nothing_is_done(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    response = owner.post("/runs/bulk", {"action": "delete", "run": [run.id, *(uuid.uuid4() for _ in range(200))]})
    assert response.status_code == 400
    assert EvalRun.objects.exists()


def test_an_empty_or_broken_selection_is_a_sentence(owner: Client, project: Project) -> None:
    assert done(owner, "delete") == "No run was selected."
    response = owner.post("/runs/bulk", {"action": "delete", "run": ["x", "'"]}, follow=True)
    assert "No run was selected." in response.text
    assert owner.post("/runs/bulk", {"action": "launch", "run": []}).status_code == 400


def test_it_leads_back_to_the_filters_and_nowhere_else(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    back = owner.post("/runs/bulk", {"action": "cancel", "run": [run.id], "back": "status=failed&q=a b"})
    assert back["Location"] == "/runs/?status=failed&q=a+b"
    for evil in ("https://evil.example", "//evil.example", "\r\nX: y"):
        assert owner.post("/runs/bulk", {"action": "cancel", "run": [run.id], "back": evil})["Location"].startswith("/runs/?")


def test_a_link_does_nothing(owner: Client, project: Project) -> None:
    assert owner.get("/runs/bulk").status_code == 405
