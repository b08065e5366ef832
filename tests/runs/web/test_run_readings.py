"""What stands beside a transcript: samples and judges, the change over sessions, memory and diary, costs, times, configuration."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Project
from runs import selectors
from runs.events import types
from runs.live.progress import progress
from runs.models import EvalRun, RunEvent, Verdict
from runs.reading import log_window
from runs.states import Status
from tests import factories


@pytest.fixture
def run(project: Project) -> EvalRun:
    return factories.finished_run(project=project)


def page(client: Client, run: EvalRun) -> str:
    response = client.get(f"/runs/{run.id}/")
    assert response.status_code == 200
    return " ".join(response.text.split())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def sampled(run: EvalRun, *judges: str) -> None:
    """Three samples of quality; the second leaves tone out."""
    run.verdicts.all().delete()
    for number, (judge, score) in enumerate(zip(judges, (70, 80, 93), strict=True)):
        scores = {"helpfulness": score, "accuracy": score, "tone": None if number == 1 else score}
        answer = {"categories": [{"key": key, "score": value} for key, value in scores.items()]}
        Verdict.objects.create(run=run, kind="quality", judge_model=judge, sample=number, answer=answer)
    said = [{"judge_model": judge, "sample": number, "score": 70 + 10 * number} for number, judge in enumerate(judges)]
    run.evaluation_result |= {"samples": 3, "spread": 10.0, "judges": said}
    run.save()


def test_samples_stand_in_a_table_and_an_unscored_one_is_no_zero(owner: Client, run: EvalRun) -> None:
    sampled(run, *["demo/judge"] * 3)
    table = page(owner, run).partition('class="fold samples"')[2].partition("</details>")[0]
    assert "3 samples" in table
    assert "Tone 70 – 93" in words(table)
    assert "Overall 70 80 90" in words(table)
    assert "judges" not in words(table)


def test_each_judge_of_a_jury_has_a_score_of_its_own(owner: Client, run: EvalRun) -> None:
    sampled(run, "openai/gpt-4o", "openai/gpt-4o", "anthropic/claude-opus-4")
    text = words(page(owner, run))
    assert "3 samples by 2 judges" in text
    assert "openai/gpt-4o 75 / 100 2 samples" in text
    assert "anthropic/claude-opus-4 90 / 100 1 sample" in text


def test_one_sample_needs_no_table(owner: Client, run: EvalRun) -> None:
    assert "fold samples" not in page(owner, run)


def test_adaptation_is_shown_with_what_changed_from_session_to_session(owner: Client, run: EvalRun) -> None:
    card = page(owner, run).partition('id="adaptation"')[2].partition("</section>")[0]
    assert "no session has a score of its own" in card
    assert "Session 1 2 20 22 2" in words(card)  # turns, what the user and the agent write, found quotes of the judge
    assert "Session 2 24 h later 2 24 22 0" in words(card)
    assert 'href="?around=4#m-4" data-cite="4"' in card


def test_a_run_of_one_session_or_without_adaptation_has_nothing_to_compare(owner: Client, project: Project, run: EvalRun) -> None:
    run.messages.filter(session_index=1).delete()
    assert "From session to session" not in page(owner, run)
    other = factories.finished_run(project=project)
    other.adaptation_template_snapshot, other.adaptation_result = {}, {}
    other.save()
    assert "From session to session" not in page(owner, other)


def test_memory_and_diary_are_told_by_session(owner: Client, run: EvalRun) -> None:
    state = {"memory": "- Has two dogs\n- Cooks <b>fast</b>", "memory_of": 1, "diary": ["A quiet evening.", "She laughed."]}
    EvalRun.objects.filter(pk=run.pk).update(simulation_state=state)
    text = page(owner, run).partition('id="memory"')[2].partition("</section>")[0]
    assert "What the agent keeps as of Session 2 Memory Has two dogs Cooks &lt;b&gt;fast&lt;/b&gt;" in words("<i " + text)
    assert "Session 1 A quiet evening. Session 2 She laughed." in words(text)


@pytest.mark.parametrize(
    "state",
    [{"memory": 5, "diary": 7}, {"memory": ["x"], "memory_of": "one", "diary": {"0": "x"}}, {"diary": [None, 3, ""]}, {"memory": ""}],
)
def test_a_state_of_any_shape_shows_no_memory_and_no_error(owner: Client, run: EvalRun, state: dict[str, Any]) -> None:
    EvalRun.objects.filter(pk=run.pk).update(simulation_state=state)
    assert re.search(r'id="memory" aria-labelledby="memory-title" hidden', page(owner, run))


def test_a_run_that_will_keep_something_says_so(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING, simulation_config={"enable_diary": True})
    assert "The agent writes its memory and diary after each session." in page(owner, run)
    assert '<a href="#memory">Memory</a>' in page(owner, run)


def test_half_and_nearly_all_answers_of_a_model_came_within_a_time(project: Project) -> None:
    run = factories.run(project=project)
    for latency in range(10, 1010, 10):
        factories.call(run=run, latency_ms=latency)
    factories.call(run=run, latency_ms=60_000, error="The server did not answer.", price=None)
    row = selectors.costs(run=run)[0]
    assert (row.calls, row.failed, row.p50_ms, row.p95_ms) == (101, 1, 500, 950)
    factories.call(run=run, purpose="judge", latency_ms=60_000, error="The server did not answer.", price=None)
    assert (selectors.costs(run=run)[1].p50_ms, selectors.costs(run=run)[1].p95_ms) == (None, None)


def test_costs_tell_failed_calls_tokens_and_times_and_their_sum(owner: Client, run: EvalRun) -> None:
    factories.call(run=run, purpose="memory", model="local/smollm2", price=None, input_tokens=1234)
    table = words(page(owner, run).partition('id="costs"')[2].partition("</section>")[0])
    assert "Memory local/smollm2 unpriced 1 unpriced" not in table
    assert "Memory local/smollm2 unpriced 1 1,234 40 700 700" in table
    assert "Sum without 1 unpriced call $0.0124 4 1,834 160" in table


def event(run: EvalRun, seq: int, kind: str, minutes_ago: float) -> None:
    RunEvent.objects.create(run=run, seq=seq, type=kind, created_at=timezone.now() - timedelta(minutes=minutes_ago))
    run.next_seq = seq + 1
    run.save()


@pytest.mark.parametrize(
    ("status", "back", "elapsed", "paused", "ticks"),
    [
        ("interrupted", None, 10, 0, False),
        ("pending", None, 10, 90, False),
        ("running", 20, 30, 70, True),
    ],
)
def test_time_between_an_end_and_its_resumption_is_no_part_of_the_time_at_work(
    project: Project, status: str, back: float | None, elapsed: int, paused: int, ticks: bool
) -> None:
    now = timezone.now()
    run = factories.run(project=project, status=status, started_at=now - timedelta(minutes=100))
    run.completed_at = now - timedelta(minutes=90) if status == "interrupted" else None
    event(run, 0, "run_started", 100)
    event(run, 1, "final_status", 90)
    if back:
        event(run, 2, "run_started", back)
    found = progress(run, log_window(run=run).lives)
    assert (round(found.elapsed / 60), round(found.paused / 60), found.since is not None) == (elapsed, paused, ticks)


def test_a_pause_is_told_beside_the_time_at_work(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status="pending", started_at=timezone.now() - timedelta(minutes=100))
    event(run, 0, "run_started", 100)
    event(run, 1, "final_status", 90)
    assert "Elapsed 10m 00s and 1h 30m paused" in words(page(owner, run))


def test_the_limit_of_a_run_stands_beside_its_cost(owner: Client, project: Project) -> None:
    run = factories.run(project=project, max_cost_usd=Decimal("0.5"))
    assert "Cost so far $0.0000 of at most $0.5000" in words(page(owner, run))


def test_configuration_tells_facts_first_and_has_the_snapshots_to_copy(owner: Client, run: EvalRun) -> None:
    text = page(owner, run).partition('id="configuration"')[2]
    said = words(text)
    for fact in (
        "Agent Mara (character on a model)",
        "Judge openai/gpt-4o",
        "Persona Jonas",
        "Wants Dinner in 25 minutes",
        "2 sessions Session Clock moves Scripted Turns at most Session 1 – – 2 Session 2 24 h – 2",
        "Quality template: Conversation quality",
        "Helpfulness 33 %",
    ):
        assert fact in said
    assert 'data-copy="#json-agent"' in text
    assert '<pre class="raw" id="json-agent"' in text


def test_sessions_can_be_gone_to_where_there_are_several(owner: Client, project: Project, run: EvalRun) -> None:
    assert 'href="?around=4#m-4" data-cite="4">Session 2 <small>from 4</small>' in page(owner, run)
    factories.event(run=run, event=types.TurnStarted())
    single = factories.run(project=project)
    factories.message(run=single, role="user", content="Hello.")
    assert re.search(r'<details class="places" id="places" hidden', page(owner, single))
