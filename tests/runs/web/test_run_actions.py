"""What people ask of a run on its page: again, judge again, delete. Each asks first; a viewer may none of it."""

from decimal import Decimal

import pytest
from django.test import Client

from evalhub.accounts.models import AtBudget, Project
from runs.models import EvalRun
from runs.states import Status
from tests import factories
from tests.support.runs import template_make

ACTIONS = ("again", "rejudge", "delete", "cancel", "resume")
BUTTONS = ("Run again…", "Re-judge with…", "Delete…", "Cancel run…", "Resume run")


@pytest.fixture
def run(project: Project) -> EvalRun:
    return factories.finished_run(project=project)


def spent(project: Project) -> None:
    project.monthly_budget_usd, project.at_budget = Decimal("0.00"), AtBudget.REFUSE
    project.save()


def test_each_action_has_a_dialog_that_names_its_consequence(owner: Client, run: EvalRun) -> None:
    text = owner.get(f"/runs/{run.id}/").text
    for dialog, consequence in (
        ("again", "This one cost $0.0124; the new one will cost about as much."),
        ("rejudge", "A new run judges the conversation as it stands. The agent is never called, and the scores here stay as they are."),
        ("delete", "Its 8 messages, scores, costs and log are removed for good."),
    ):
        assert f'popovertarget="{dialog}-dialog"' in text
        assert f'id="{dialog}-dialog" popover' in text
        assert consequence in text
    for form in ("json", "csv", "md"):
        assert f'href="/runs/{run.id}/export.{form}"' in text


def test_a_viewer_sees_no_action_that_writes_and_may_none(teammate: Client, project: Project, run: EvalRun) -> None:
    for shown in (run, factories.run(project=project, status=Status.INTERRUPTED)):
        text = teammate.get(f"/runs/{shown.id}/").text
        assert "Export" in text
        assert not [button for button in (*BUTTONS, "<form method=") if button in text.partition("<main")[2]]
        for action in ACTIONS:
            assert teammate.post(f"/runs/{shown.id}/{action}").status_code == 403
    assert EvalRun.objects.count() == 2


@pytest.mark.parametrize("action", ACTIONS)
def test_another_projects_run_is_not_there_to_be_asked_of(stranger: Client, run: EvalRun, action: str) -> None:
    assert stranger.post(f"/runs/{run.id}/{action}").status_code == 404
    assert EvalRun.objects.filter(pk=run.pk).exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_a_link_does_nothing(owner: Client, run: EvalRun, action: str) -> None:
    assert owner.get(f"/runs/{run.id}/{action}").status_code == 405


def test_run_again_leads_to_the_new_run(owner: Client, run: EvalRun) -> None:
    response = owner.post(f"/runs/{run.id}/again", follow=True)
    made = EvalRun.objects.exclude(pk=run.pk).get()
    assert response.request["PATH_INFO"] == f"/runs/{made.pk}/"
    assert "This is the new run." in response.text
    assert made.planned_turns == run.planned_turns


def test_judging_again_leads_to_the_new_run_and_names_the_old_one(owner: Client, project: Project, run: EvalRun) -> None:
    template = template_make(project)
    response = owner.post(f"/runs/{run.id}/rejudge", {"template": str(template.pk), "adaptation_template": ""}, follow=True)
    made = EvalRun.objects.exclude(pk=run.pk).get()
    assert response.request["PATH_INFO"] == f"/runs/{made.pk}/"
    assert f'<a href="/runs/{run.pk}/">an earlier run</a>' in response.text
    assert (made.kind, made.template_snapshot["name"], made.adaptation_template_snapshot) == ("eval_only", "My quality", {})


@pytest.mark.parametrize("given", [{}, {"template": "", "adaptation_template": ""}])
def test_judging_by_nothing_is_refused_in_a_sentence_on_the_same_page(owner: Client, run: EvalRun, given: dict[str, str]) -> None:
    response = owner.post(f"/runs/{run.id}/rejudge", given)
    assert response.status_code == 400
    assert "Choose a template to judge by." in response.text
    assert "I have two dogs." in response.text


def test_another_projects_template_and_one_of_the_other_kind_cannot_be_chosen(owner: Client, project: Project, run: EvalRun) -> None:
    foreign, adaptation = template_make(factories.project()), template_make(project, kind="adaptation")
    for template in (foreign, adaptation):
        response = owner.post(f"/runs/{run.id}/rejudge", {"template": str(template.pk)})
        assert response.status_code == 400
        assert "Select a valid choice." in response.text
    assert str(foreign.pk) not in owner.get(f"/runs/{run.id}/").text


def test_what_was_chosen_is_kept_when_it_is_refused(owner: Client, project: Project) -> None:
    template = template_make(project)
    going_on = factories.run(project=project, status=Status.RUNNING)
    response = owner.post(f"/runs/{going_on.id}/rejudge", {"template": str(template.pk)})
    assert response.status_code == 400
    assert "it can be judged again once it is over" in response.text
    assert f'<option value="{template.pk}" selected>' in response.text


def test_a_spent_budget_refuses_both_in_its_own_words(owner: Client, project: Project, run: EvalRun) -> None:
    spent(project)
    again = owner.post(f"/runs/{run.id}/again", follow=True)
    judged = owner.post(f"/runs/{run.id}/rejudge", {"template": str(template_make(project).pk)})
    for response in (again, judged):
        assert "so no new run begins" in response.text
    assert judged.status_code == 400
    assert EvalRun.objects.count() == 1


def test_delete_leads_to_the_list_which_says_so(owner: Client, run: EvalRun) -> None:
    response = owner.post(f"/runs/{run.id}/delete", follow=True)
    assert response.request["PATH_INFO"] == "/runs/"
    assert "Deleted a run of Mara with its transcript and scores. What it cost stays in the figures of the project." in response.text
    assert not EvalRun.objects.exists()
    assert owner.get(f"/runs/{run.id}/").status_code == 404
