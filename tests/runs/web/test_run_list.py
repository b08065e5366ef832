from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.models import EvalRun
from runs.states import Status
from runs.web import listing
from tests import factories


def rows(response: object) -> list[str]:
    return [f"{run.id}" for run in response.context["page"].runs]  # type: ignore[attr-defined]


def some_runs(project: Project, count: int) -> list[EvalRun]:
    """Newest first, an hour apart."""
    made = []
    for age in range(count):
        run = factories.run(project=project, status=Status.COMPLETED)
        EvalRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(hours=age))
        made.append(run)
    return made


def test_a_stranger_at_the_door_is_sent_to_sign_in_and_back(db: None) -> None:
    response = Client().get("/runs/?status=failed")
    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=/runs/%3Fstatus%3Dfailed")


def test_htmx_is_told_to_reload_when_the_session_is_over(db: None) -> None:
    response = Client().get("/runs/", headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
    assert b"Sign in" not in response.content


def test_somebody_without_a_project_reads_how_to_get_into_one(db: None) -> None:
    client = Client()
    client.force_login(factories.user())
    response = client.get("/runs/")
    assert response.status_code == 403
    assert "You are in no project yet" in response.text


def test_an_empty_list_teaches_the_command_that_fills_it(owner: Client) -> None:
    assert "evalhub run-eval --agent" in owner.get("/runs/").text


def test_it_lists_only_runs_of_the_readers_project(owner: Client, stranger: Client, project: Project) -> None:
    run = factories.run(project=project)
    assert rows(owner.get("/runs/")) == [str(run.id)]
    assert rows(stranger.get("/runs/")) == []


def test_a_row_says_what_the_run_is(owner: Client, project: Project) -> None:
    factories.finished_run(project=project, demo=True)
    page = owner.get("/runs/").text
    for word in ("Mara", "Simulate and judge", "Conversation quality", "completed", "80<small> / 100", "$0.0124", ">demo models<"):
        assert word in page


def test_a_run_of_real_models_is_not_labelled_demo(owner: Client, project: Project) -> None:
    factories.finished_run(project=project)
    assert "tag-demo" not in owner.get("/runs/").text


def test_a_judged_run_without_a_score_is_unscored_not_zero(owner: Client, project: Project) -> None:
    factories.finished_run(project=project, scores={"helpfulness": None, "accuracy": None, "tone": None})
    page = owner.get("/runs/").text
    assert "unscored" in page
    assert "0<small> / 100" not in page


def test_a_cost_without_a_known_price_is_unpriced(owner: Client, project: Project) -> None:
    factories.run(project=project, unpriced_calls=2)
    page = owner.get("/runs/").text
    assert "unpriced" in page
    assert "$0.0000" not in page


def test_a_failed_row_says_why(owner: Client, project: Project) -> None:
    factories.run(project=project, status=Status.FAILED, error_reason="The endpoint answered <b>HTML</b>.")
    assert "The endpoint answered &lt;b&gt;HTML&lt;/b&gt;." in owner.get("/runs/").text


def test_the_status_filter_lives_in_the_address(owner: Client, project: Project) -> None:
    failed = factories.run(project=project, status=Status.FAILED)
    factories.run(project=project, status=Status.COMPLETED)
    response = owner.get("/runs/?status=failed")
    assert rows(response) == [str(failed.id)]
    assert '<option value="failed" selected>' in response.text


def test_a_filter_without_runs_says_so(owner: Client, project: Project) -> None:
    factories.run(project=project, status=Status.COMPLETED)
    assert "No failed runs" in owner.get("/runs/?status=failed").text


def test_an_unknown_status_filters_nothing_and_says_so(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    response = owner.get("/runs/?status=robot")
    assert rows(response) == [str(run.id)]
    assert "There is no status “robot”." in response.text


def test_following_load_more_shows_every_run_once(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)
    runs = some_runs(project, 7)
    seen, address = [], "/runs/"
    while address:
        response = owner.get(address)
        seen += rows(response)
        address = response.context["page"].more_href
    assert seen == [str(run.id) for run in runs]


def test_load_more_is_a_real_link_that_works_without_scripts(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    some_runs(project, 2)
    first = owner.get("/runs/")
    assert f'href="{first.context["page"].more_href}"' in first.text
    second = owner.get(first.context["page"].more_href)
    assert "<html" in second.text
    assert "Back to the first page" in second.text


def test_htmx_gets_the_rows_alone(owner: Client, project: Project) -> None:
    factories.run(project=project)
    response = owner.get("/runs/", headers={"HX-Request": "true"})
    assert response.text.lstrip().startswith("<tbody")
    assert "HX-Request" in response["Vary"]


def test_rows_poll_only_while_something_is_active(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING)
    assert 'hx-trigger="every 3s"' in owner.get("/runs/").text
    EvalRun.objects.filter(pk=run.pk).update(status=Status.COMPLETED)
    assert "hx-trigger" not in owner.get("/runs/").text


def test_a_polling_stretch_keeps_its_rows_when_a_run_is_created(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    old = some_runs(project, 3)
    EvalRun.objects.update(status=Status.RUNNING)
    poll = owner.get("/runs/").context["page"].poll_href
    new = factories.run(project=project)
    response = owner.get(poll, headers={"HX-Request": "true"})
    assert rows(response) == [str(new.id), str(old[0].id), str(old[1].id)]
    assert "Load more" not in response.text


@pytest.mark.parametrize("key", ["after", "until"])
@pytest.mark.parametrize(
    "place",
    [
        "nonsense",
        "2026-01-01~x",
        "2026-01-01T00:00:00~0b3b3a52-6c1f-4b0e-9d7e-8f9a9d0a2a11",
        "0001-01-01T00:00:00+14:00~0b3b3a52-6c1f-4b0e-9d7e-8f9a9d0a2a11",
        "9999-12-31T23:59:59-14:00~0b3b3a52-6c1f-4b0e-9d7e-8f9a9d0a2a11",
    ],
)
def test_a_place_that_cannot_be_read_is_a_bad_request(owner: Client, key: str, place: str) -> None:
    response = owner.get("/runs/", {key: place})
    assert response.status_code == 400
    assert "This request cannot be read" in response.text


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_costs_the_same_queries_for_any_number_of_runs(
    owner: Client, project: Project, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    some_runs(project, count)
    with django_assert_num_queries(7):  # session, person, membership; agents and templates to choose from; places, runs
        owner.get("/runs/")
