"""Beside the editor: the prompt exactly as the engine asks it, about how many tokens it has, and what a judgement costs."""

from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents.llm.tokens import about_tokens
from evalhub.accounts.models import Project
from runs.engine.judge import judge_messages
from runs.engine.load import lines_of
from runs.models import EvalRun
from runs.states import Status
from runs.web.judge_preview import MOST_SHOWN, preview
from templates_app.services import template_create
from templates_app.snapshot import content, snapshot
from templates_app.system import CategoryData
from tests import factories

PREVIEW = "/templates/preview"
HTMX = {"HX-Request": "true"}
FORM = {
    "name": "Support",
    "template_type": "quality",
    "scoring_rubric": "Judge only what the agent said.",
    "judge_model": "openai/gpt-4o",
    "temperature": "0.3",
    "max_tokens": "8192",
    "judge_samples": "2",
    "category_label": ["Solved", "Tone"],
    "category_key": ["", "tone"],
    "category_prompt_instructions": ["Did it\r\nhelp?", "Was it friendly?"],
    "category_weight": ["3", "1"],
}


@pytest.fixture
def finished(project: Project) -> EvalRun:
    run = factories.run(project=project, status=Status.COMPLETED, total_turns=4)
    factories.conversation(run=run)
    return run


def asked(client: Client, **given: object) -> str:
    answer = client.post(PREVIEW, {**FORM, **given}, headers=HTMX)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_preview_is_the_prompt_of_the_engine_word_for_word(owner: Client, project: Project, finished: EvalRun) -> None:
    categories = [CategoryData("", "Solved", "Did it\nhelp?", 3.0), CategoryData("tone", "Tone", "Was it friendly?", 1.0)]
    saved = template_create(project=project, name="Support", scoring_rubric=FORM["scoring_rubric"], categories=categories)  # type: ignore[arg-type]
    lines = lines_of([finished.id])[finished.id]
    told = judge_messages(snapshot(saved), lines, persona=finished.user_persona, agent_name=finished.agent_name)
    shown = asked(owner, run=str(finished.id))
    for message in told:
        assert message.content in shown


def test_without_a_transcript_a_short_sample_stands_in(owner: Client) -> None:
    assert "allergic to hazelnuts" in asked(owner)
    assert "allergic to hazelnuts" in asked(owner, run="nonsense")


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "temperature": "hot", "max_tokens": "", "judge_samples": "-1", "template_type": "?"},
        {"category_label": [], "category_key": [], "category_prompt_instructions": [], "category_weight": []},
        {"category_key": ["same", "same"], "category_weight": ["x", ""]},
        {"category_label": ["", ""], "category_key": ["a b", "ö" * 300]},
        {"scoring_rubric": "x" * 200_000},
    ],
)
def test_a_form_that_is_not_finished_is_previewed_all_the_same(owner: Client, given: dict[str, object]) -> None:
    assert "# Rubric" in asked(owner, **given)


def test_what_is_typed_is_only_ever_text(owner: Client) -> None:
    answer = owner.post(PREVIEW, {**FORM, "scoring_rubric": "</pre><script>alert(1)</script>"}, headers=HTMX)
    assert b"<script>" not in answer.content


def test_a_price_is_about_and_an_unknown_one_is_unpriced(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    edited = content(factories.template(project=project)) | {"judge_model": "demo/judge"}
    assert preview(project, edited, None).price == Decimal(0)
    unknown = preview(project, edited | {"judge_model": "nobody/nothing"}, None)
    assert unknown.price is None
    assert "not configured" in unknown.problem
    shown = asked(owner, judge_model="nobody/nothing")
    assert "unpriced" in shown
    assert "$0" not in shown


def test_the_estimate_is_near_what_a_server_counts(project: Project, finished: EvalRun) -> None:
    """o200k_base counts 582 tokens in the two messages of this prompt; the form of the answer comes on top."""
    shown = preview(project, content(factories.template(project=project)), finished)
    assert 0.8 * 582 <= shown.tokens - _tokens_of_schema(shown.schema) <= 1.2 * 582
    assert shown.answer_tokens == 3 * 150 + 60


def _tokens_of_schema(schema: str) -> int:
    return about_tokens(schema)


def test_the_middle_of_a_very_long_prompt_is_left_out_and_said_so(owner: Client) -> None:
    shown = asked(owner, scoring_rubric="x" * (MOST_SHOWN + 5))
    assert "of the middle are left out here. The judge gets them." in shown


def test_the_panel_offers_transcripts_of_the_project_that_are_over(owner: Client, project: Project, finished: EvalRun) -> None:
    waiting = factories.run(project=project)
    foreign = factories.run(project=factories.project(), status=Status.COMPLETED, total_turns=1)
    shown = asked(owner, whole="1")
    assert str(finished.id) in shown
    assert str(waiting.id) not in shown
    assert str(foreign.id) not in shown
    assert 'value="demo/judge"' in shown


def test_trying_begins_at_a_transcript_that_it_accepts(owner: Client, teammate: Client, finished: EvalRun) -> None:
    chosen = f'value="{finished.id}" selected'
    assert chosen in asked(owner, whole="1")
    assert chosen not in asked(owner, whole="1", run="")  # somebody chose the sample
    assert chosen not in asked(owner, whole="1", reading="1")
    assert chosen not in asked(teammate, whole="1")  # who may not try reads the sample, as every reader does


def test_a_transcript_of_another_project_is_not_shown(owner: Client) -> None:
    foreign = factories.run(project=factories.project(), status=Status.COMPLETED, total_turns=1)
    factories.message(run=foreign, role="user", content="A secret of theirs.")
    assert "A secret of theirs." not in asked(owner, run=str(foreign.id))


def test_a_viewer_sees_the_prompt_and_no_button_to_try_it(teammate: Client, finished: EvalRun) -> None:
    assert "Try it</button>" not in asked(teammate, whole="1")


@pytest.mark.parametrize("count", [1, 20])
def test_the_panel_asks_a_constant_number_of_questions(
    owner: Client, project: Project, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        factories.conversation(run=factories.run(project=project, status=Status.COMPLETED, total_turns=4))
    with django_assert_max_num_queries(10):
        asked(owner, whole="1", run=str(EvalRun.objects.first().id))  # type: ignore[union-attr]


def test_without_a_script_the_preview_is_a_page_that_carries_everything_along(owner: Client, finished: EvalRun) -> None:
    answer = owner.post(PREVIEW, {**FORM, "op": "save"})
    shown = answer.content.decode()
    assert "Back to the editor" in shown
    assert 'name="category_label" value="Solved"' in shown
    assert 'name="category_label" value="Tone"' in shown
    assert 'formaction="/templates/new/"' in shown
