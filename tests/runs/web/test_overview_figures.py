"""What the overview says of scores, changes and spend, and what it leaves out of them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from agents.models import Agent
from evalhub.accounts.models import Project
from runs.models import CallTally
from runs.score_tally import Part
from runs.states import Status
from templates_app.models import EvalTemplate
from tests import factories
from tests.runs.web.overviewed import figures, scored, text, today


@pytest.fixture
def agent(project: Project) -> Agent:
    return factories.agent(project=project)


@pytest.fixture
def template(project: Project) -> EvalTemplate:
    return factories.template(project=project)


def test_unscored_and_failed_runs_are_told_beside_the_mean_and_are_not_in_it(
    owner: Client, project: Project, template: EvalTemplate
) -> None:
    for score, status in ((80.0, "completed"), (90.0, "completed"), (None, "completed"), (None, "failed"), (None, "interrupted")):
        scored(project, template, score, status=status)
    shown = text(owner.get("/").content)
    assert "85 / 100 (21.5–100)" in shown
    assert "2 1 unscored" in shown
    assert "2 failed or interrupted" in shown
    assert "n 2, 1 unscored, 2 failed" in shown


def test_what_got_worse_is_said_with_both_numbers_and_its_interval(owner: Client, project: Project, template: EvalTemplate) -> None:
    for number in range(6):
        scored(project, template, 60.0 + number, days=number)
        scored(project, template, 80.0 + number, days=7 + number)
    shown = text(owner.get("/?days=7").content)
    assert re.search(r"Mara Conversation quality worse −20 −22\.4 to −17\.6 62\.5 \(60\.5–64\.5\) n 6 82\.5 \(80\.5–84\.5\) n 6", shown)


def test_a_difference_that_chance_explains_is_no_verdict(owner: Client, project: Project, template: EvalTemplate) -> None:
    for score, days in ((50.0, 1), (90.0, 2), (60.0, 8), (95.0, 9)):
        scored(project, template, score, days=days)
    shown = text(owner.get("/").content)
    assert "not distinguishable" in shown
    assert "worse" not in shown.replace("got worse", "").replace("better or worse", "")


def test_what_has_too_few_scores_is_not_compared_but_counted(owner: Client, project: Project, template: EvalTemplate) -> None:
    for score, days in ((50.0, 1), (60.0, 8), (95.0, 9)):
        scored(project, template, score, days=days)
    found = figures(project)
    assert (list(found.changes), found.uncompared) == ([], 1)
    assert "Nothing can be compared yet" in text(owner.get("/").content)


def test_demo_scores_are_labelled_and_kept_out_of_the_mean_of_real_ones(owner: Client, project: Project, template: EvalTemplate) -> None:
    scored(project, template, 20.0, uses_demo=True)
    assert text(owner.get("/").content).count("demo models") >= 2  # the tile, and the trend
    scored(project, template, 80.0)
    page = owner.get("/")
    assert "Mean quality 80 / 100" in text(page.content)
    assert "demo models" in text(page.content)
    assert [subject.demo for subject in figures(project).subjects] == [False, True]


def test_another_judgement_of_an_old_transcript_is_said_but_not_counted_again(
    owner: Client, project: Project, template: EvalTemplate
) -> None:
    scored(project, template, 80.0)
    scored(project, template, 20.0, kind="eval_only")
    assert figures(project).counted(Part.QUALITY, demo=False).scores.n == 1
    assert "1 run judged an old transcript again" in text(owner.get("/").content)


def test_a_draft_that_was_tried_out_is_in_no_score(owner: Client, project: Project, agent: Agent) -> None:
    draft = {"name": "Draft", "draft": True, "categories": []}
    factories.run(project=project, kind="eval_only", template_snapshot=draft, status=Status.COMPLETED, score=5.0)
    found = figures(project)
    assert (found.runs, found.trend, found.cells) == (1, {}, {})
    assert owner.get("/").status_code == 200


def test_spend_names_models_purposes_and_calls_without_a_price(owner: Client, project: Project, template: EvalTemplate) -> None:
    scored(project, template, 80.0)
    for model, purpose, price, unpriced in (("openai/gpt-4o", "judge", "1.5", 0), ("local/llama", "agent", "0", 4)):
        CallTally.objects.create(
            project=project, day=today(), model=model, purpose=purpose, calls=4, price_usd=Decimal(price), unpriced=unpriced
        )
    CallTally.objects.create(project=project, day=today() - timedelta(days=40), model="old/model", purpose="judge", price_usd=Decimal(9))
    shown = text(owner.get("/").content)
    assert "$1.5000 4 unpriced calls" in shown
    assert "local/llama unpriced" in shown
    assert "old/model" not in shown


def test_names_of_what_was_deleted_are_not_guessed(owner: Client, project: Project, agent: Agent, template: EvalTemplate) -> None:
    for number in range(2):
        scored(project, template, 80.0 + number, agent=agent)
        scored(project, template, 80.0 + number, agent=factories.agent(project=project, name=f"Other {number}"))
    agent_id, template_id = agent.pk, template.pk
    agent.delete()
    template.delete()
    found = figures(project)
    assert found.names.template(template_id) == f"Deleted template {str(template_id)[:8]}"
    assert f"Deleted agent {str(agent_id)[:8]}" in owner.get("/").content.decode()


def test_templates_of_one_name_are_told_apart(project: Project) -> None:
    twins = [factories.template(project=project, name="Twin") for _ in range(2)]
    for twin in twins:
        scored(project, twin, 80.0)
    names = figures(project).names
    assert {names.template(twin.pk) for twin in twins} == {f"Twin ({str(twin.pk)[:8]})" for twin in twins}
