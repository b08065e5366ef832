import re

import pytest
from django.test import Client

from evalhub.accounts.models import Project
from runs.models import EvalRun
from runs.states import Status
from tests import factories

BUTTON = ">Resume run</button>"


@pytest.fixture
def run(project: Project) -> EvalRun:
    return factories.run(project=project, status=Status.INTERRUPTED, attempt=3, error_reason="Its worker went silent 3 times.")


def test_an_owner_resumes_an_interrupted_run_and_watches_it(owner: Client, run: EvalRun) -> None:
    page = owner.get(f"/runs/{run.id}/").text
    assert BUTTON in page
    assert "Resumed, it goes on after its last turn or judgement: nothing that is done is paid for again." in page
    page = owner.post(f"/runs/{run.id}/resume", follow=True).text
    run.refresh_from_db()
    assert run.status == Status.PENDING
    assert "This run was interrupted" not in page
    assert f'ws-connect="/ws/runs/{run.id}/' in page


def test_a_run_that_is_interrupted_while_its_page_is_open_has_the_button_ready(owner: Client, project: Project) -> None:
    """Hidden by static/css/run.css until the live updates, which are the same for every reader, say that it is interrupted."""
    running = factories.run(project=project, status=Status.RUNNING)
    page = owner.get(f"/runs/{running.id}/").text
    assert BUTTON in page
    assert re.search(r'id="live-state"[^>]* data-status="running"', page)
    EvalRun.objects.filter(pk=running.pk).update(status=Status.INTERRUPTED)
    assert 'data-status="interrupted"' in owner.get(f"/runs/{running.id}/live").text


def test_a_run_that_ended_otherwise_has_no_button_and_is_refused_in_words(owner: Client, project: Project) -> None:
    done = factories.finished_run(project=project)
    assert BUTTON not in owner.get(f"/runs/{done.id}/").text
    assert "The run is completed: only an interrupted run can be resumed." in owner.post(f"/runs/{done.id}/resume", follow=True).text
    done.refresh_from_db()
    assert done.status == Status.COMPLETED


def test_a_viewer_may_not_resume_and_sees_no_button(teammate: Client, run: EvalRun) -> None:
    assert BUTTON not in teammate.get(f"/runs/{run.id}/").text
    assert teammate.post(f"/runs/{run.id}/resume").status_code == 403
    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED


def test_another_projects_run_cannot_be_resumed(stranger: Client, run: EvalRun) -> None:
    assert stranger.post(f"/runs/{run.id}/resume").status_code == 404
    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED


def test_a_link_cannot_resume(owner: Client, run: EvalRun) -> None:
    assert owner.get(f"/runs/{run.id}/resume").status_code == 405
