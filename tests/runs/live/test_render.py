import re
from html.parser import HTMLParser
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from runs.events import log, types
from runs.live import render
from runs.models import EvalRun
from runs.states import Status
from tests import factories

pytestmark = pytest.mark.django_db


class TopLevel(HTMLParser):
    """Collects the attributes of the elements that stand in no other."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.depth, self.found = 0, list[dict[str, str | None]]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.found.append(dict(attrs))
        self.depth += tag != "br"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A drawn shape has no inside."""

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


@pytest.fixture
def run() -> EvalRun:
    return factories.run(project=factories.project(), template=factories.template(project=None), status=Status.RUNNING)


def say(run: EvalRun, role: str, content: str, session: int = 0) -> dict[str, Any]:
    return factories.event(run=run, event=factories.turn_event(factories.message(run=run, role=role, content=content, session=session)))


def typing(html: str) -> str:
    found = re.search(r'id="typing"[^>]*>(.*?)</p>', html, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else "no typing line"


def test_no_events_change_nothing(run: EvalRun) -> None:
    assert render.update_html(run, []) == ""


def test_a_turn_is_added_to_the_end_of_its_session(run: EvalRun) -> None:
    html = render.update_html(run, [say(run, "user", "I have two dogs.")])
    assert '<ol id="turns-0" hx-swap-oob="beforeend"><li class="turn turn-user" id="m-0" tabindex="-1">' in html


def test_turns_of_two_sessions_go_each_to_its_own(run: EvalRun) -> None:
    html = render.update_html(run, [say(run, "assistant", "Bye."), say(run, "user", "Me again.", session=1)])
    assert html.index('<ol id="turns-0"') < html.index("Bye.") < html.index('<ol id="turns-1"') < html.index("Me again.")


def test_a_session_that_begins_comes_whole_with_what_was_said_in_it(run: EvalRun) -> None:
    began = factories.event(
        run=run, event=types.SessionStarted(session_index=1, name="Session 2", simulated_at="2026-03-04T09:00:00+00:00")
    )
    html = render.update_html(run, [began, say(run, "user", "Me again.", session=1)])
    assert '<div id="sessions" hx-swap-oob="beforeend"><section class="session" id="session-1"' in html
    assert "24 h later, " in html
    assert html.count('id="m-0"') == 1


def test_a_session_shows_its_simulated_time_before_anybody_spoke(run: EvalRun) -> None:
    began = factories.event(run=run, event=types.SessionStarted(session_index=0, simulated_at="2026-03-03T09:00:00+00:00"))
    assert "Tue 09:00" in render.update_html(run, [began])


def test_a_snapshot_has_the_place_of_a_session_in_which_nobody_spoke_yet(run: EvalRun) -> None:
    factories.conversation(run=run, sessions=1)
    factories.event(run=run, event=types.SessionStarted(session_index=1, simulated_at="2026-03-04T09:00:00+00:00"))
    assert render.snapshot_html(run).count('<ol class="turns"') == 2


def test_the_end_of_a_session_says_why(run: EvalRun) -> None:
    run.simulation_state = {"sessions": [{"name": "Session 1", "reason": "gave_up"}]}
    html = render.update_html(run, [factories.event(run=run, event=types.SessionCompleted(reason="gave_up"))])
    assert 'id="ended-0" hx-swap-oob="true">Session ended: the user gave up.' in html


def test_it_says_who_is_writing(run: EvalRun) -> None:
    started = factories.event(run=run, event=types.TurnStarted())
    assert typing(render.update_html(run, [started])) == "Jonas is writing…"
    asked = say(run, "user", "Hello?")
    assert typing(render.update_html(run, [asked])) == "Mara is writing…"
    answered = say(run, "assistant", "Hello!")
    assert typing(render.update_html(run, [answered])) == ""
    judging = factories.event(run=run, event=types.EvaluationStarted(judge_model="demo/judge"))
    assert typing(render.update_html(run, [judging])) == "The judge is reading the conversation…"


def test_a_retry_is_said_while_it_waits(run: EvalRun) -> None:
    waiting = factories.event(run=run, event=types.Retrying(message="openai/gpt-4o-mini asked to wait 3 s.", model="openai/gpt-4o-mini"))
    assert typing(render.update_html(run, [waiting])) == "openai/gpt-4o-mini asked to wait 3 s."


def test_the_last_update_brings_scores_outcome_and_the_end_of_polling(run: EvalRun) -> None:
    run.status, run.error_reason = Status.FAILED, "The judge refused."
    run.evaluation_result = factories.result(template=run.template_snapshot)
    html = render.update_html(run, [factories.event(run=run, event=types.FinalStatus(status=run.status))])
    assert '<section class="panel" id="quality"' in html
    assert "The judge refused." in html
    assert "data-active" not in html
    assert typing(html) == ""


def test_a_run_that_turns_out_to_be_played_by_demo_models_is_marked_while_it_runs(run: EvalRun) -> None:
    started = factories.event(run=run, event=types.RunStarted())
    assert "tag-demo" not in render.update_html(run, [started])
    run.uses_demo = True
    assert 'id="demo-mark" hx-swap-oob="true"><span class="tag-demo"' in render.update_html(run, [started])


def test_a_turn_does_not_send_the_scorecards_again(run: EvalRun) -> None:
    assert 'id="quality"' not in render.update_html(run, [say(run, "user", "Hello.")])


def test_every_fragment_says_where_it_goes(run: EvalRun) -> None:
    factories.conversation(run=run)
    update = render.update_html(run, [say(run, "user", "Hello."), factories.event(run=run, event=types.FinalStatus())])
    for html in (render.snapshot_html(run), update):
        fragments = TopLevel(html).found
        assert len(fragments) >= 8
        assert all("hx-swap-oob" in fragment and fragment["id"] for fragment in fragments)


def test_a_snapshot_of_any_run_renders(run: EvalRun) -> None:
    assert "Waiting for a worker…" in render.snapshot_html(run)
    finished = factories.finished_run(project=run.project)
    html = render.snapshot_html(finished)
    for part in (
        'id="progress"',
        'id="outcome"',
        'id="places"',
        'id="sessions"',
        'id="typing"',
        'id="quality"',
        'id="adaptation"',
        'id="costs"',
    ):
        assert part in html


def test_what_a_turn_says_is_text(run: EvalRun) -> None:
    html = render.update_html(run, [say(run, "user", '<img src=x onerror="alert(1)" hx-get="/x">')])
    assert "<img" not in html
    assert "&lt;img src=x" in html


def test_what_the_agent_keeps_comes_when_a_session_ends_and_not_with_every_turn(run: EvalRun) -> None:
    run.simulation_state = {"memory": "- Has two dogs", "sessions": [{"reason": "max_turns"}]}
    assert 'id="memory"' not in render.update_html(run, [say(run, "user", "Hello.")])
    html = render.update_html(run, [factories.event(run=run, event=types.SessionCompleted(reason="max_turns"))])
    assert '<ul class="facts-kept"><li>Has two dogs</li></ul>' in html


def test_which_models_answer_is_told_when_a_worker_has_taken_the_run(run: EvalRun) -> None:
    html = render.update_html(run, [factories.event(run=run, event=types.RunStarted())])
    assert 'id="facts" hx-swap-oob="true"' in html
    assert "openai/gpt-4o-mini" in html


def test_the_places_of_sessions_come_with_a_new_session(run: EvalRun) -> None:
    factories.conversation(run=run)
    html = render.update_html(run, [factories.event(run=run, event=types.SessionStarted(session_index=1, name="Session 2"))])
    assert 'id="places" hx-swap-oob="true"' in html
    assert 'data-cite="4">Session 2' in html


def test_a_page_far_behind_gets_a_snapshot_and_one_that_is_not_gets_what_came_since(run: EvalRun) -> None:
    for _ in range(render.MOST_EVENTS + 1):
        factories.event(run=run, event=types.TurnStarted())
    assert 'id="earlier"' in render.since_html(run, 0)
    assert render.since_html(run, None) == render.since_html(run, 0)
    since = render.since_html(run, render.MOST_EVENTS - 1)
    assert 'id="earlier"' not in since
    assert since.count('<li id="e-') == 1
    assert render.since_html(run, render.MOST_EVENTS) == ""


def test_updates_and_snapshots_cost_few_queries(run: EvalRun, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    factories.conversation(run=run)
    say(run, "user", "Hello.")
    factories.event(run=run, event=types.FinalStatus())
    events = log.read_after(run.id, -1)
    fresh = EvalRun.objects.get(pk=run.pk)
    with django_assert_num_queries(5):  # messages, sessions, calls, latencies, events
        render.update_html(fresh, events)
    with django_assert_num_queries(5):  # the same
        render.snapshot_html(fresh)
