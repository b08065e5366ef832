import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs import reading
from runs.events import types
from runs.live.progress import progress
from runs.models import EvalRun
from runs.states import Status
from tests import factories

HOSTILE = "<script>alert(1)</script> {{ 7 }} \"onload='x'"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 }} &quot;onload=&#x27;x&#x27;"


def page(client: Client, run: EvalRun) -> str:
    response = client.get(f"/runs/{run.id}/")
    assert response.status_code == 200
    return response.text


def test_it_shows_the_conversation_by_session_with_the_time_between_them(owner: Client, project: Project) -> None:
    text = page(owner, factories.finished_run(project=project))
    for shown in (
        "Session 1",
        "Tue 09:00",
        "24 h later, ",
        "Wed 09:08",
        "I have two dogs.",
        "Session ended: the user&#x27;s goal was met.",
    ):
        assert shown in text


def test_it_shows_scores_with_reasoning_and_links_to_the_cited_turns(owner: Client, project: Project) -> None:
    text = page(owner, factories.finished_run(project=project))
    assert "What decides helpfulness." in text
    assert 'href="#m-0" data-cite="0"><span class="cite-index">0</span><q>two dogs</q></a>' in text
    assert 'id="m-0"' in text


def test_a_quote_that_is_not_there_is_marked(owner: Client, project: Project) -> None:
    assert "quote not found in that message" in page(owner, factories.finished_run(project=project))


def test_a_quote_of_a_turn_that_does_not_exist_is_no_link(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    run.evaluation_result["categories"][0]["evidence"] = [{"message_index": 99, "quote": "never said", "found": False}]
    run.save()
    text = page(owner, run)
    assert "there is no such message" in text
    assert 'href="#m-99"' not in text


def test_an_unscored_category_says_why_and_is_never_zero(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project, scores={"tone": None})
    text = page(owner, run)
    assert "The judge left this category out." in text
    assert "1 of 3 categories unscored, left out of the overall score." in text
    assert "0<small> / 100" not in text.replace("80<small> / 100", "")


def test_the_spread_is_shown_where_a_judge_was_asked_more_than_once(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    run.evaluation_result |= {"samples": 3, "spread": 6.2}
    run.save()
    text = page(owner, run)
    assert "± 6.2" in text
    assert "mean of 3 samples" in text


def test_demo_scores_are_labelled_as_what_they_are(owner: Client, project: Project) -> None:
    assert "Scored by the demo judge: text measures, not a model's judgement." in page(
        owner, factories.finished_run(project=project, demo=True)
    )
    assert "demo judge" not in page(owner, factories.finished_run(project=project))


def test_costs_have_a_row_a_purpose_and_model(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    factories.call(run=run, purpose="memory", model="local/smollm2", price=None)
    text = page(owner, run)
    assert "$0.0100" in text
    assert "local/smollm2" in text
    assert "without 1 unpriced call" in text


def test_what_a_transcript_says_is_text_and_never_markup(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.FAILED, error_reason=HOSTILE, user_persona={"name": HOSTILE})
    call = {"id": "c1", "function": {"name": HOSTILE, "arguments": HOSTILE}}
    factories.message(run=run, role="user", content=HOSTILE)
    factories.message(run=run, role="assistant", content="", tool_calls=[call])
    factories.message(run=run, role="tool", content=HOSTILE, tool_call_id="c1")
    factories.event(run=run, event=types.RunStarted(message=HOSTILE))
    text = page(owner, run)
    assert "<script>alert" not in text
    assert text.count(ESCAPED) >= 6


def test_tool_calls_and_their_results_are_folded(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    call = {"id": "c1", "type": "function", "function": {"name": "find_recipe", "arguments": '{"minutes": 25}'}}
    factories.message(run=run, role="assistant", content="", tool_calls=[call])
    factories.message(run=run, role="tool", content='{"title": "Soup"}', tool_call_id="c1")
    text = page(owner, run)
    assert "<summary>Calls <code>find_recipe</code></summary>" in text
    assert "<summary>Result of find_recipe" in text
    assert "&quot;minutes&quot;: 25" in text


@pytest.mark.parametrize(
    "calls", [["find"], [{"function": "find"}], [{"function": {"name": None, "arguments": None}}], [{}], [{"id": ["c1"]}]]
)
def test_a_tool_call_of_an_odd_shape_is_shown_all_the_same(owner: Client, project: Project, calls: list[object]) -> None:
    run = factories.run(project=project)
    factories.message(run=run, role="assistant", content="", tool_calls=calls)
    assert "Calls <code>a tool</code>" in page(owner, run)


@pytest.mark.parametrize("arguments", ["[" * 100_000, '"\\ud800"', "1" * 5_000, '{"a": NaN}', "not JSON"])
def test_arguments_that_cannot_be_read_are_shown_as_they_are(owner: Client, project: Project, arguments: str) -> None:
    run = factories.run(project=project)
    factories.message(run=run, role="assistant", content="", tool_calls=[{"id": "c1", "function": {"name": "f", "arguments": arguments}}])
    assert escape(arguments) in page(owner, run)


@pytest.mark.parametrize("ended", [5, [1], {"0": "gave_up"}, [{"reason": ["gave_up"]}], [{"reason": None}], [None], None])
def test_a_pasted_state_of_any_shape_leaves_the_page_whole(owner: Client, project: Project, ended: object) -> None:
    run = factories.run(project=project, simulation_state={"sessions": ended})
    factories.message(run=run, role="user", content="Hello there.")
    text = page(owner, run)
    assert "Hello there." in text
    assert "the user gave up" not in text


def test_the_system_message_is_folded(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    factories.message(run=run, role="system", content="You are Mara.")
    assert "<summary>System message" in page(owner, run)


def test_a_failed_run_says_why_and_what_to_do_next(owner: Client, project: Project) -> None:
    reason = "The endpoint answered HTML (text/html), not JSON: is the address right?"
    text = page(owner, factories.run(project=project, status=Status.FAILED, error_reason=reason, error_code="model_refused"))
    assert reason in text
    assert (
        "Correct the agent, the model name or the provider&#x27;s key" in text
        or "Correct the agent, the model name or the provider's key" in text
    )


def test_an_active_run_connects_to_its_socket_after_the_last_event(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING)
    factories.event(run=run, event=types.RunStarted())
    assert f'ws-connect="/ws/runs/{run.id}/?after=0"' in page(owner, run)


def test_a_final_run_connects_to_nothing(owner: Client, project: Project) -> None:
    text = page(owner, factories.finished_run(project=project))
    assert "ws-connect" not in text
    assert "htmx-2" not in text


def half_done(project: Project, *, status: str, paused: timedelta) -> EvalRun:
    """Four of eight turns, ten seconds each, with a pause before the last of them."""
    now = timezone.now()
    begun = [now - timedelta(seconds=seconds) - away for seconds, away in ((30, paused), (20, paused), (10, paused), (0, timedelta()))]
    run = factories.run(project=project, kind="simulate", status=status, started_at=begun[0], total_turns=4, planned_turns=8)
    for moment in begun:
        factories.message(run=run, role="user", content="And then?", created_at=moment)
    return run


def test_a_running_run_says_how_far_it_is(owner: Client, project: Project) -> None:
    text = page(owner, half_done(project, status=Status.RUNNING, paused=timedelta(0)))
    assert '<progress max="8" value="4"' in text
    assert "turn 4 of at most 8 · 50 % · about 40s left" in text


def test_nothing_on_the_page_needs_an_inline_script_or_style(owner: Client, project: Project) -> None:
    for run in (factories.finished_run(project=project), factories.run(project=project, status=Status.RUNNING)):
        response = owner.get(f"/runs/{run.id}/")
        assert " style=" not in response.text
        assert "<script>" not in response.text
        assert " onclick=" not in response.text
        assert "script-src 'self'" in response["Content-Security-Policy"]


def test_another_projects_run_does_not_exist(stranger: Client, project: Project) -> None:
    response = stranger.get(f"/runs/{factories.run(project=project).id}/")
    assert response.status_code == 404
    assert "There is nothing here" in response.text


def test_an_unknown_run_does_not_exist(owner: Client) -> None:
    assert owner.get(f"/runs/{uuid.uuid4()}/").status_code == 404
    assert owner.get("/runs/not-a-uuid/").status_code == 404


def test_a_long_log_shows_its_end_and_a_link_to_the_rest(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOG_WINDOW", 2)
    run = factories.run(project=project, status=Status.COMPLETED)
    for _ in range(5):
        factories.event(run=run, event=types.TurnStarted())
    text = page(owner, run)
    assert "3 before these" in text
    assert 'id="e-2"' not in text
    earlier = owner.get(f"/runs/{run.id}/?log_before=3").text
    assert 'id="e-1"' in earlier
    assert 'id="e-3"' not in earlier
    assert "1 before these" in earlier


def test_the_configuration_is_the_frozen_one(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    run.agent.character = {"name": "Somebody else"}
    run.agent.save()
    text = page(owner, run)
    assert "Plans meals." in text
    assert "Somebody else" not in text


@pytest.mark.parametrize("paused", [timedelta(0), timedelta(minutes=31)])
def test_time_without_a_worker_is_no_part_of_the_time_left(project: Project, paused: timedelta) -> None:
    assert progress(half_done(project, status=Status.RUNNING, paused=paused)).remaining == pytest.approx(40)


def test_no_time_left_is_told_while_a_run_waits_for_a_worker(project: Project) -> None:
    assert progress(half_done(project, status=Status.PENDING, paused=timedelta(0))).remaining is None


@pytest.mark.parametrize("turns", [1, 10])
def test_a_run_costs_the_same_queries_for_any_length(
    owner: Client, project: Project, turns: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = factories.finished_run(project=project)
    for number in range(turns):
        factories.message(run=run, role="user", content=str(number), session=1)
    with django_assert_num_queries(10):  # session, person, membership, run, sessions, messages, events, calls, latencies, templates
        owner.get(f"/runs/{run.id}/")


def test_a_poll_without_news_is_empty_and_cheap(owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    run = factories.finished_run(project=project)
    with django_assert_num_queries(5):  # session, person, membership, run, events
        assert owner.get(f"/runs/{run.id}/live?after={run.next_seq - 1}").content == b""


def test_a_poll_brings_what_the_socket_would_have_sent(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING)
    said = factories.message(run=run, role="user", content="Hello there.")
    factories.event(run=run, event=factories.turn_event(said))
    everything = owner.get(f"/runs/{run.id}/live?after=-1").text
    assert 'hx-swap-oob="beforeend"' in everything
    assert "Hello there." in everything


def test_a_poll_after_a_number_of_thousands_of_digits_is_answered_with_the_whole_run(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING)
    factories.message(run=run, role="user", content="Hello there.")
    assert "Hello there." in owner.get(f"/runs/{run.id}/live?after={'9' * 5_000}").text
    assert owner.get(f"/runs/{run.id}/live?after={'9' * 18}").content == b""


def test_a_poll_of_another_projects_run_finds_nothing(stranger: Client, project: Project) -> None:
    assert stranger.get(f"/runs/{factories.run(project=project).id}/live?after=0").status_code == 404
