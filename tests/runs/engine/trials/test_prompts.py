"""Prompts are asked once, as they stand; what the answer names and cites is kept."""

import pytest

from runs.models import Citation, Mention
from runs.states import Status
from templates_app.snapshot import snapshot
from tests.runs.engine.trials.conftest import Driven
from tests.support.mock_server import MockModelServer
from tests.support.runs import project_make, template_make
from tests.support.trials import batch_make, prompt_subject, target

pytestmark = pytest.mark.django_db(transaction=True)
SAID = "Globex is fine, but Acme Cloud is better; Acme says so at https://www.acme.test/why and https://news.example/a."


def test_the_prompt_is_all_that_is_asked_and_the_answer_is_the_transcript(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = SAID
    [trial] = driven(batch_make([prompt_subject("Which cloud?")], [target()]))
    assert [request["messages"] for request in openai.requests] == [[{"role": "user", "content": "Which cloud?"}]]
    said = list(trial.run.messages.order_by("index").values_list("role", "content"))
    assert said == [("user", "Which cloud?"), ("assistant", SAID)]
    assert (trial.run.status, trial.run.agent_model, trial.run.total_turns) == (Status.COMPLETED, "openai/gpt-4o-mini", 1)
    assert trial.run.lease_token is None


def test_nobody_judges_it_so_it_neither_passed_nor_failed(openai: MockModelServer, driven: Driven) -> None:
    [trial] = driven(batch_make([prompt_subject()], [target()]))
    assert (trial.passed, trial.score, trial.failure_reasons, trial.first_reason) == (None, None, [], "")
    assert trial.finished_at is not None
    assert trial.latency_ms is not None
    assert len(openai.requests) == 1


def test_brands_and_pages_are_kept_with_where_they_were_said(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = SAID
    [trial] = driven(batch_make([prompt_subject()], [target()]))
    mentions = Mention.objects.filter(run=trial.run).order_by("rank")
    assert list(mentions.values_list("brand", "count", "rank", "is_own")) == [("Globex", 1, 1, False), ("Acme", 2, 2, True)]
    [day] = set(mentions.values_list("day", "platform", "topic_id", "project_id"))
    assert trial.finished_at is not None
    assert day == (trial.finished_at.date(), "openai", trial.group_id, trial.project_id)
    pages = Citation.objects.filter(run=trial.run).order_by("place").values_list("place", "domain", "is_own", "url")
    assert list(pages) == [(1, "acme.test", True, "https://www.acme.test/why"), (2, "news.example", False, "https://news.example/a")]
    assert [each["brand"] for each in trial.details["mentions"]] == ["Globex", "Acme"]
    assert [each["domain"] for each in trial.details["citations"]] == ["acme.test", "news.example"]
    start, end = trial.details["mentions"][1]["places"][0]
    assert SAID[start:end] == "Acme Cloud"


def test_a_template_judges_the_answer(openai: MockModelServer, driven: Driven) -> None:
    rubric = snapshot(template_make(project_make()))
    [trial] = driven(batch_make([prompt_subject(template=rubric, judge_model="openai/judge")], [target()]))
    assert (trial.passed, trial.score, trial.run.score) == (True, 70.0, 70.0)
    assert trial.run.evaluation_result["template_name"] == "My quality"
    assert trial.run.judge_model == "openai/judge"
    assert sorted(trial.run.model_calls.values_list("purpose", flat=True)) == ["agent", "judge"]


def test_each_target_is_asked_and_each_answer_is_its_own(openai: MockModelServer, driven: Driven) -> None:
    openai.replies = {"one": "Acme", "two": "Globex"}
    trials = driven(batch_make([prompt_subject(), prompt_subject("Who else?")], [target("openai/one"), target("openai/two")]))
    named = [trial.details["mentions"][0]["brand"] for trial in trials]
    assert named == ["Acme", "Globex", "Acme", "Globex"]
    assert [trial.run.agent_name for trial in trials] == ["openai/one", "openai/two"] * 2


def test_a_long_answer_is_searched_too(openai: MockModelServer, driven: Driven) -> None:
    openai.reply_text = "Nothing of note. " * 3000 + "Only Acme."
    [trial] = driven(batch_make([prompt_subject()], [target()]))
    assert [(each["brand"], each["count"]) for each in trial.details["mentions"]] == [("Acme", 1)]


def test_the_demo_model_answers_and_its_part_is_labelled(driven: Driven, transactional_db: None) -> None:
    [trial] = driven(batch_make([prompt_subject("Which pan is best for eggs?")], [target("demo/agent")]))
    assert trial.run.uses_demo
    assert trial.run.messages.get(index=1).content
