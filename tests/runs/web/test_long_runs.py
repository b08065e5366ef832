"""A run of a thousand turns: its page is as small and as cheap as that of a short one, and every turn can be reached."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.events import log, types
from runs.models import EvalRun, Message, ModelCall, Verdict
from runs.states import Status
from tests import factories

TURNS, SESSIONS = 1000, 10
A_SESSION = 2 * TURNS // SESSIONS
MOST_QUERIES = 12
MOST_BYTES = 200_000  # of which a browser is sent about a tenth, compressed


@pytest.fixture
def run(project: Project) -> EvalRun:
    """2,000 messages in ten sessions, judged three times, with all that belongs to it."""
    made = factories.finished_run(project=project)
    made.messages.all().delete()
    made.sessions = [{"name": f"Session {number + 1}", "gap_minutes": 60, "script": [], "max_turns": 100} for number in range(SESSIONS)]
    made.total_turns, made.total_sessions, made.planned_turns = TURNS, SESSIONS, TURNS
    made.simulation_state = {
        "sessions": [{"reason": "max_turns"}] * SESSIONS,
        "memory": "- Has two dogs",
        "diary": ["A good day."] * SESSIONS,
    }
    made.evaluation_result |= {"samples": 3}
    made.save()
    Message.objects.bulk_create(message(made, index) for index in range(2 * TURNS))
    ModelCall.objects.bulk_create(ModelCall(run=made, purpose="agent", model="demo/agent", latency_ms=index) for index in range(2 * TURNS))
    for number in (1, 2):
        Verdict.objects.create(run=made, kind="quality", judge_model="openai/gpt-4o", sample=number, answer={"categories": []})
    log.append(made, [types.TurnStarted(message=f"Turn {index + 1} begins.") for index in range(TURNS)])
    return made


def message(run: EvalRun, index: int) -> Message:
    session, place = divmod(index, A_SESSION)
    said = f"Message {index}: could we plan dinner for the two dogs and the rest of us, in at most twenty-five minutes?"
    at = factories.SIMULATED_START + timedelta(days=session, minutes=place)
    role = "assistant" if index % 2 else "user"
    return Message(run=run, index=index, session_index=session, turn_index=place // 2, role=role, content=said, simulated_at=at)


def turns(html: str) -> list[int]:
    return [int(index) for index in re.findall(r'<li class="turn [^"]*" id="m-(\d+)"', html)]


@pytest.mark.parametrize("query", ["", "?around=7", "?before=500", "?after=500", "?log_before=300"])
def test_its_page_costs_a_dozen_queries_and_is_small(
    owner: Client, run: EvalRun, query: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        response = owner.get(f"/runs/{run.id}/{query}")
    assert len(response.content) < MOST_BYTES
    assert len(turns(response.text)) == 100


def test_so_does_the_page_of_one_that_goes_on(owner: Client, run: EvalRun, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    EvalRun.objects.filter(pk=run.pk).update(status=Status.RUNNING, completed_at=None, planned_turns=2 * TURNS)
    with django_assert_max_num_queries(MOST_QUERIES):
        response = owner.get(f"/runs/{run.id}/")
    assert len(response.content) < MOST_BYTES


def test_it_opens_at_its_end_and_says_what_lies_before(owner: Client, run: EvalRun) -> None:
    text = owner.get(f"/runs/{run.id}/").text
    assert turns(text) == list(range(1900, 2000))
    assert "1900 messages before these" in text
    assert 'href="?before=1900#transcript"' in text
    assert 'id="load-later"' not in text


def test_a_session_that_begins_before_the_stretch_tells_its_own_beginning(owner: Client, run: EvalRun) -> None:
    text = owner.get(f"/runs/{run.id}/").text
    assert '<time datetime="2026-03-12T09:00:00+00:00">Thu 09:00</time>' in text


def test_every_stretch_follows_from_the_one_before_without_a_script(owner: Client, run: EvalRun) -> None:
    seen: list[int] = []
    address: str | None = "?before=2000"
    while address:
        text = owner.get(f"/runs/{run.id}/{address}").text
        seen = turns(text) + seen
        earlier = re.search(r'id="load-earlier" href="(\?before=\d+)', text)
        address = earlier[1] if earlier else None
    assert seen == list(range(2000))
    assert turns(owner.get(f"/runs/{run.id}/?after=99").text) == list(range(100, 200))


def test_a_cited_turn_of_another_stretch_is_linked_with_what_stands_around_it(owner: Client, run: EvalRun) -> None:
    text = owner.get(f"/runs/{run.id}/").text
    assert 'href="?around=0#m-0" data-cite="0"' in text
    assert turns(owner.get(f"/runs/{run.id}/?around=700").text) == list(range(650, 750))


def test_a_stretch_in_the_middle_of_a_session_does_not_tell_of_its_end(owner: Client, run: EvalRun) -> None:
    text = owner.get(f"/runs/{run.id}/?around=90").text
    assert "Session ended" not in text
    assert "Session ended: the turn limit was reached." in owner.get(f"/runs/{run.id}/?around=200").text


@pytest.mark.parametrize("query", ["?before=x", "?around=-3", "?after=²", "?before=" + "9" * 5000, "?around=" + "9" * 18])
def test_a_place_that_cannot_be_read_or_reached_is_no_error(owner: Client, run: EvalRun, query: str) -> None:
    response = owner.get(f"/runs/{run.id}/{query}")
    assert response.status_code == 200


def more(client: Client, run: EvalRun, query: str, part: str = "transcript") -> str:
    response = client.get(f"/runs/{run.id}/{part}?{query}", headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.text


def test_htmx_gets_earlier_turns_for_the_session_they_belong_to(owner: Client, run: EvalRun) -> None:
    html = more(owner, run, "before=1850")
    assert turns(html) == [*range(1800, 1850), *range(1750, 1800)]  # the known session first, then the one before it
    assert '<ol id="turns-9" hx-swap-oob="afterbegin">' in html
    assert '<div id="sessions" hx-swap-oob="afterbegin"><section class="session" id="session-8"' in html
    assert 'id="session-9"' not in html
    assert 'hx-get="/runs/' in html
    assert "?before=1750" in html


def test_at_the_beginning_the_link_goes(owner: Client, run: EvalRun) -> None:
    assert '<p class="more-turns" id="earlier" hx-swap-oob="true"></p>' in more(owner, run, "before=60")


def test_htmx_gets_later_turns_with_the_end_of_their_session(owner: Client, run: EvalRun) -> None:
    html = more(owner, run, "after=149")
    assert '<ol id="turns-0" hx-swap-oob="beforeend">' in html
    assert 'id="ended-0" hx-swap-oob="true">Session ended' in html
    assert '<div id="sessions" hx-swap-oob="beforeend"><section class="session" id="session-1"' in html


def test_htmx_gets_another_stretch_whole(owner: Client, run: EvalRun, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(6):  # session, person, membership, run, sessions, messages
        html = more(owner, run, "around=7")
    assert turns(html) == list(range(100))
    assert '<div id="window"' in html
    assert turns(more(owner, run, "")) == list(range(1900, 2000))


def test_a_person_who_follows_the_address_gets_the_page(owner: Client, run: EvalRun) -> None:
    assert owner.get(f"/runs/{run.id}/transcript?around=7")["Location"] == f"/runs/{run.id}/?around=7"
    assert owner.get(f"/runs/{run.id}/log?before=300")["Location"] == f"/runs/{run.id}/?log_before=300#events"


def test_the_log_is_read_from_its_end_a_hundred_lines_at_a_time(owner: Client, run: EvalRun) -> None:
    last = run.next_seq - 1
    page = owner.get(f"/runs/{run.id}/").text
    assert page.count('<li id="e-') == 100
    assert f'id="e-{last}"' in page
    html = more(owner, run, f"before={last - 99}", "log")
    assert html.count('<li id="e-') == 100
    assert f'id="e-{last - 100}"' in html
    assert "?log_before=" in html


@pytest.mark.parametrize("part", ["transcript", "log"])
def test_another_projects_run_shows_nothing(stranger: Client, run: EvalRun, part: str) -> None:
    assert stranger.get(f"/runs/{run.id}/{part}?before=50", headers={"HX-Request": "true"}).status_code == 404


def test_a_poll_or_a_socket_is_not_sent_a_thousand_turns(owner: Client, run: EvalRun) -> None:
    for after in ("", "5", str(run.next_seq - 400)):
        html = owner.get(f"/runs/{run.id}/live?after={after}").text
        assert turns(html) == list(range(1900, 2000))
        assert len(html) < MOST_BYTES
    assert turns(owner.get(f"/runs/{run.id}/live?after={run.next_seq - 3}").text) == []
