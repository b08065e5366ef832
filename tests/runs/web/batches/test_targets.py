"""The pages of configured targets, and of pass rates over time."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.models import Batch, Target, Trial
from templates_app.models import ApiSource, Prompt, PromptTopic
from tests import batch_factories

pytestmark = pytest.mark.django_db
GIVEN = {"known": "text:demo:agent", "other": "", "topic": "", "prompt_platform": "", "frequency": "weekly", "enabled": "on"}


def target(project: Project, **columns: Any) -> Target:
    values = {"source_type": "prompts", "execution_platform": "demo", "model_id": "agent"}
    return Target.objects.create(project=project, **(values | columns))


def test_an_empty_page_says_what_targets_are_for(owner: Client) -> None:
    assert "No target yet" in owner.get("/targets/").text


def test_targets_stand_under_what_they_are_asked(
    teammate: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    source = ApiSource.objects.create(project=project, source_type="rest_api", label="Pet store")
    target(project, source_type="rest_api", source=source, skip_reason="The budget is spent.", last_skipped_at=timezone.now())
    target(project, enabled=False, next_run_at=timezone.now() + timedelta(hours=2))
    teammate.get("/targets/")
    with django_assert_num_queries(4):
        page = teammate.get("/targets/")
    assert [group.title for group in page.context["groups"]] == ["Prompts", "REST API: Pet store"]
    assert "The budget is spent." in page.text
    assert "not in use" in page.text
    assert "Run now" not in page.text


def test_a_target_is_added_once(owner: Client, project: Project) -> None:
    assert owner.post("/targets/new/?kind=prompts", GIVEN).status_code == 302
    made = Target.objects.get(project=project)
    assert (str(made), made.frequency, made.enabled, made.next_run_at is not None) == ("demo/agent", "weekly", True, True)
    again = owner.post("/targets/new/?kind=prompts", GIVEN)
    assert again.status_code == 400
    assert "There is such a target already." in again.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"known": ""}, "Choose a target, or type one beside it."),
        ({"other": "nowhere/m"}, "There is no platform"),
        ({"other": "demo/nobody"}, "There is no demo model"),
        ({"prompt_platform": "nowhere"}, "There is no platform"),
        ({"frequency": "hourly"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_it(owner: Client, changed: dict[str, str], said: str) -> None:
    response = owner.post("/targets/new/?kind=prompts", GIVEN | changed)
    assert response.status_code == 400
    assert said in response.text
    assert not Target.objects.exists()


def test_a_coding_agent_is_a_target_of_a_source(owner: Client, project: Project) -> None:
    source = ApiSource.objects.create(project=project, source_type="cli", label="A tool")
    given = GIVEN | {"source": str(source.pk), "known": "", "other": "codex/gpt-5"}
    assert owner.post("/targets/new/?kind=cli", given).status_code == 302
    assert Target.objects.get(source=source).key == "agent:codex:gpt-5"


def test_how_often_it_runs_is_changed(owner: Client, project: Project) -> None:
    row = target(project, next_run_at=timezone.now())
    assert owner.post(f"/targets/{row.pk}/", {"frequency": "manual", "enabled": "on"}).status_code == 302
    row.refresh_from_db()
    assert (row.frequency, row.next_run_at) == ("manual", None)
    assert owner.post(f"/targets/{row.pk}/", {"frequency": "never"}).status_code == 400


def test_run_now_opens_the_batch_or_says_why_there_is_none(owner: Client, project: Project) -> None:
    row = target(project)
    assert "No active prompts were found" in owner.post(f"/targets/{row.pk}/run", follow=True).text
    Prompt.objects.create(project=project, topic=PromptTopic.objects.create(project=project, name="Pricing"), text="Which?")
    opened = owner.post(f"/targets/{row.pk}/run", follow=True)
    assert opened.context["batch"] == Batch.objects.get()


def test_a_deleted_target_leaves_its_batches(owner: Client, project: Project) -> None:
    batch_factories.finished_batch(project=project)
    owner.post(f"/targets/{target(project).pk}/delete")
    assert not Target.objects.exists()
    assert Batch.objects.count() == 1


def test_a_viewer_and_a_stranger_change_nothing(teammate: Client, stranger: Client, project: Project) -> None:
    row = target(project)
    for path in (f"/targets/{row.pk}/run", f"/targets/{row.pk}/delete", f"/targets/{row.pk}/"):
        assert teammate.post(path, {"frequency": "manual"}).status_code == 403
        assert stranger.post(path, {"frequency": "manual"}).status_code == 404
    assert teammate.get("/targets/new/").status_code == 403
    assert "Save" not in teammate.get(f"/targets/{row.pk}/").text


def test_trends_draw_each_target_with_its_rate(owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    batch_factories.finished_batch(project=project)
    owner.get("/trends/")
    with django_assert_num_queries(6):
        page = owner.get("/trends/")
    assert [course.name for course in page.context["shown"]] == ["demo/agent", "openai/gpt-4.1-mini"]
    assert [str(course.rate) for course in page.context["shown"]] == ["100 % (34 to 100)", "50 % (9 to 91)"]
    assert "2 of 2" in page.text


def test_trends_by_source_name_it_or_say_that_it_was_deleted(owner: Client, project: Project) -> None:
    source = ApiSource.objects.create(project=project, source_type="rest_api", label="Pet store")
    batch_factories.finished_batch(project=project, source=source)
    page = owner.get("/trends/?kind=rest_api&by=source&days=90")
    assert [course.name for course in page.context["shown"]] == ["Pet store"]
    Trial.objects.update(source_id="00000000-0000-0000-0000-000000000001")
    assert "A source that was deleted" in owner.get("/trends/?kind=rest_api&by=source").text


def test_trends_without_results_say_how_they_come(owner: Client) -> None:
    assert "No results yet" in owner.get("/trends/").text
    assert "Nothing of this kind in 7 days" not in owner.get("/trends/?kind=nonsense&by=x&days=8").text
