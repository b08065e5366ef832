from datetime import timedelta

from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.states import Status
from tests import factories


def test_an_owner_cancels_a_waiting_run_at_once(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    response = owner.post(f"/runs/{run.id}/cancel", follow=True)
    run.refresh_from_db()
    assert run.status == Status.CANCELLED
    assert "This run was cancelled" in response.text


def test_a_running_run_is_asked_to_stop(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING, lease_expires_at=timezone.now() + timedelta(seconds=30))
    response = owner.post(f"/runs/{run.id}/cancel", follow=True)
    run.refresh_from_db()
    assert run.cancel_requested_at
    assert "The run was asked to stop" not in response.text  # it would stay on the page after the run's end
    assert "</svg>stopping</span>" in response.text
    assert "Cancel run…" not in response.text


def test_a_run_whose_worker_is_silent_ends_at_once(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING, lease_expires_at=timezone.now() - timedelta(seconds=1))
    response = owner.post(f"/runs/{run.id}/cancel", follow=True)
    assert "This run was cancelled" in response.text
    assert "Its worker had gone silent" in response.text


def test_a_final_run_stays_what_it_is(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    owner.post(f"/runs/{run.id}/cancel")
    run.refresh_from_db()
    assert run.status == Status.COMPLETED


def test_a_viewer_may_not_cancel_and_sees_no_button(teammate: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING)
    assert "Cancel run" not in teammate.get(f"/runs/{run.id}/").text
    response = teammate.post(f"/runs/{run.id}/cancel")
    assert response.status_code == 403
    assert "This is not yours to do" in response.text
    run.refresh_from_db()
    assert run.cancel_requested_at is None


def test_another_projects_run_cannot_be_cancelled(stranger: Client, project: Project) -> None:
    run = factories.run(project=project)
    assert stranger.post(f"/runs/{run.id}/cancel").status_code == 404
    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_a_link_cannot_cancel(owner: Client, project: Project) -> None:
    assert owner.get(f"/runs/{factories.run(project=project).id}/cancel").status_code == 405


def test_the_button_asks_before_it_posts_a_plain_form(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    text = owner.get(f"/runs/{run.id}/").text
    assert 'popovertarget="cancel-dialog"' in text
    assert f'<form method="post" action="/runs/{run.id}/cancel"' in text


def test_a_form_without_its_token_is_refused_with_a_page(project: Project) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.owner(project=project))
    response = client.post(f"/runs/{factories.run(project=project).id}/cancel")
    assert response.status_code == 403
    assert "This form is too old" in response.text
