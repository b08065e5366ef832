"""The list of agents and the page of one: figures of their newest runs, in a number of queries that does not grow."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape, strip_tags
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent
from agents.services import agent_upsert
from evalhub.accounts.models import Project
from runs.agent_figures import LATELY
from runs.states import Status
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/agents/"
HOSTILE = '<img src=x onerror="alert(1)">'


def scored(agent: Agent, *scores: float | None, demo: bool = False) -> None:
    """Completed judged runs, oldest first, a minute apart."""
    start = timezone.now() - timedelta(days=1)
    for number, score in enumerate(scores):
        at = start + timedelta(minutes=number)
        run = factories.run(project=agent.project, agent=agent, kind="evaluate", status=Status.COMPLETED, score=score, uses_demo=demo)
        type(run).objects.filter(pk=run.pk).update(created_at=at)


def text_of(answer: object) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())  # type: ignore[attr-defined]


def test_an_empty_list_teaches(owner: Client, teammate: Client) -> None:
    assert "Create the first agent" in owner.get(LIST).content.decode()
    shown = teammate.get(LIST).content.decode()
    assert "No agents yet" in shown
    assert "/agents/new/" not in shown


def test_the_list_shows_kind_model_last_run_and_mean(owner: Client, project: Project) -> None:
    mara = factories.agent(project=project, name="Mara", model="openai/gpt-4o")
    scored(mara, 80, 90, None)
    agent_upsert(project=project, name="Hook", kind="webhook", endpoint_url="https://bot.example/")
    factories.agent(project=factories.project(), name="Theirs")
    shown = text_of(owner.get(LIST))
    assert "Mara Character on a model" in shown
    assert "openai/gpt-4o" in shown
    assert "85 / 100 (21.5–100), n = 2, 1 unscored" in shown
    assert "Hook JSON webhook" in shown
    assert "never" in shown
    assert "Theirs" not in shown


def test_a_mean_of_demo_scores_is_labelled(owner: Client, project: Project) -> None:
    scored(factories.agent(project=project), 80, demo=True)
    assert "tag-demo" in owner.get(LIST).content.decode()


def test_the_mean_is_of_the_newest_runs_only(owner: Client, project: Project) -> None:
    scored(factories.agent(project=project), 0, 0, *[100] * LATELY)
    assert f"100 / 100 (100–100), n = {LATELY}" in text_of(owner.get(LIST))


def test_the_list_costs_the_same_however_much_there_is(
    owner: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(35):
        scored(factories.agent(project=project, name=f"Agent {number}"), 50, 60)
    with django_assert_num_queries(5):
        first = owner.get(LIST)
    page = first.context["page"]
    assert len(page.rows) == 30
    rest = owner.get(page.more_href, headers={"HX-Request": "true"})
    assert [row.agent.name for row in rest.context["page"].rows] == [f"Agent {number}" for number in range(4, -1, -1)]
    assert "<html" not in rest.content.decode()


def test_a_search_is_by_part_of_the_name_and_stays_in_the_next_page(owner: Client, project: Project) -> None:
    for number in range(31):
        factories.agent(project=project, name=f"Cook {number}")
    factories.agent(project=project, name="Mara")
    page = owner.get(LIST, {"q": "cook"}).context["page"]
    assert len(page.rows) == 30
    assert "q=cook" in page.more_href
    assert "No agent has “zzz" in owner.get(LIST, {"q": "zzz"}).content.decode()


@pytest.mark.parametrize("query", ["?after=nonsense", "?q=%00", "?q=%F0%9F%90%99"])
def test_odd_addresses_of_the_list_are_no_server_error(owner: Client, query: str) -> None:
    assert owner.get(LIST + query).status_code in {200, 400}


def test_the_page_of_an_agent_shows_its_runs_scores_and_prompt(
    teammate: Client, project: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mara = factories.agent(project=project, name="Mara", model="openai/gpt-4o")
    scored(mara, *range(50, 75))
    with django_assert_num_queries(9):
        answer = teammate.get(f"/agents/{mara.pk}/")
    shown = answer.content.decode()
    assert "You are Mara." in shown
    assert "chart-band" in shown
    assert len(answer.context["runs"]) == 10
    assert "Edit" not in text_of(answer)  # a viewer reads


def test_hostile_text_is_text(owner: Client, project: Project) -> None:
    agent = factories.agent(project=project, name=HOSTILE, character={"name": HOSTILE, "bio": f"</pre><script>{HOSTILE}"})
    for path in (LIST, f"/agents/{agent.pk}/", f"/agents/{agent.pk}/edit/", f"/agents/{agent.pk}/chat/"):
        shown = owner.get(path).content.decode()
        assert HOSTILE not in shown
        assert escape(HOSTILE) in shown


def test_an_agent_without_runs_says_so(owner: Client, project: Project) -> None:
    shown = text_of(owner.get(f"/agents/{factories.agent(project=project).pk}/"))
    assert "No run of this agent has a score yet." in shown
    assert "demo/agent (the project's default)" in shown


def test_for_a_stranger_an_agent_does_not_exist(stranger: Client, project: Project) -> None:
    agent = factories.agent(project=project)
    for path in (f"/agents/{agent.pk}/", f"/agents/{agent.pk}/chat/", f"/agents/{uuid.uuid4()}/"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/agents/{agent.pk}/test/").status_code == 404
    assert "Mara" not in stranger.get(LIST).content.decode()


def test_a_visitor_is_led_to_sign_in(client: Client, db: None) -> None:
    assert client.get(LIST).url.startswith("/sign-in")
