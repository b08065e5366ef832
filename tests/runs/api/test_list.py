"""GET /eval-runs: both ways to page, the filter by agent, and what a page costs."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from agents.models import Agent
from evalhub.accounts.endpoint import Endpoint
from evalhub.accounts.models import Project
from runs.api.inputs import RunListQuery
from runs.models import EvalRun, Message
from runs.selectors import MOST_MESSAGES
from tests import factories
from tests.runs.api.client import Api, check_contract, locations


def runs_make(project: Project, count: int, **columns: Any) -> list[str]:
    """The ids of new runs, newest first. Every two share a moment, so that the id has to decide."""
    now = timezone.now()
    made = [factories.run(project=project, created_at=now - timedelta(seconds=age // 2), **columns) for age in range(count)]
    return [str(run.id) for run in sorted(made, key=lambda run: (run.created_at, run.id), reverse=True)]


def ids(page: Any) -> list[str]:
    assert page.status_code == 200, page.content
    return [run["run_id"] for run in page.json()["runs"]]


def test_without_a_query_it_answers_the_newest_twenty_and_their_number(owner: Api, agent: Agent) -> None:
    made = runs_make(owner.project, 23)
    page = owner.get("/eval-runs")
    assert set(page.json()) == {"runs", "total_count"}
    assert ids(page) == made[:20]
    assert page.json()["total_count"] == 23


def test_limit_and_offset_count_from_the_newest(owner: Api, agent: Agent) -> None:
    made = runs_make(owner.project, 7)
    assert ids(owner.get("/eval-runs", limit=3, offset=2)) == made[2:5]
    assert ids(owner.get("/eval-runs", offset=5)) == made[5:]
    beyond = owner.get("/eval-runs", limit=1000, offset=2**31 - 1).json()
    assert beyond == {"runs": [], "total_count": 7}


def test_a_page_by_cursor_is_the_contracts_and_has_no_number(owner: Api, agent: Agent) -> None:
    made = runs_make(owner.project, 3)
    page = owner.get("/eval-runs", page_size=2).json()
    check_contract("PaginatedEvalRunsResponse", page)
    assert set(page) == {"runs", "has_more", "next_cursor"}
    assert page["has_more"] is True
    last = owner.get("/eval-runs", cursor=page["next_cursor"])  # without a size: 20
    assert ids(last) == made[2:]
    assert (last.json()["has_more"], last.json()["next_cursor"]) == (False, "")


@pytest.mark.parametrize("query", [{"page_size": 5}, {"cursor": ""}])
def test_no_runs_are_an_empty_page(owner: Api, query: dict[str, Any]) -> None:
    assert owner.get("/eval-runs", **query).json() == {"runs": [], "has_more": False, "next_cursor": ""}
    assert owner.get("/eval-runs").json() == {"runs": [], "total_count": 0}


def walk(api: Api, size: int, between: Any) -> list[str]:
    seen, cursor, more = [], "", True
    while more:
        page = api.get("/eval-runs", page_size=size, cursor=cursor)
        seen += ids(page)
        cursor, more = page.json()["next_cursor"], page.json()["has_more"]
        between()
    return seen


@pytest.mark.parametrize("size", [1, 4, 25, 100])
def test_paging_by_cursor_meets_every_run_once_while_new_ones_arrive(owner: Api, agent: Agent, size: int) -> None:
    made = runs_make(owner.project, 25)
    assert walk(owner, size, lambda: factories.run(project=owner.project)) == made


def test_a_run_that_is_deleted_between_two_pages_takes_no_other_with_it(owner: Api, agent: Agent) -> None:
    made = runs_make(owner.project, 6)
    first = owner.get("/eval-runs", page_size=2)
    EvalRun.objects.filter(pk__in=made[1:3]).delete()
    assert ids(owner.get("/eval-runs", page_size=10, cursor=first.json()["next_cursor"])) == made[3:]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"limit": 0}, ["query.limit"]),
        ({"limit": 1001}, ["query.limit"]),
        ({"limit": "many"}, ["query.limit"]),
        ({"limit": ""}, ["query.limit"]),
        ({"offset": -1}, ["query.offset"]),
        ({"offset": 2**70}, ["query.offset"]),
        ({"page_size": 0}, ["query.page_size"]),
        ({"page_size": 101}, ["query.page_size"]),
        ({"page_size": "2.5"}, ["query.page_size"]),
        ({"cursor": "nonsense"}, ["query.cursor"]),
        ({"cursor": "x" * 300}, ["query.cursor"]),
        ({"agent_id": "a\x00b"}, ["query.agent_id"]),
        ({"limit": 5, "cursor": ""}, ["query.limit"]),
        ({"limit": 5, "offset": 0, "page_size": 5}, ["query.limit", "query.offset"]),
    ],
)
def test_a_query_that_means_nothing_is_pointed_at(owner: Api, query: dict[str, Any], places: list[str]) -> None:
    assert locations(owner.get("/eval-runs", **query)) == places


def test_other_keys_of_the_query_are_let_be(owner: Api) -> None:
    assert owner.get("/eval-runs", utm_source="mail").status_code == 200


def test_it_can_be_of_one_agent_by_id_or_by_name(owner: Api, agent: Agent) -> None:
    hers = runs_make(owner.project, 3, agent=agent)
    runs_make(owner.project, 2, agent=factories.agent(project=owner.project, name="Nora"))
    for named in (str(agent.id), "Mara"):
        assert ids(owner.get("/eval-runs", agent_id=named)) == hers
        assert ids(owner.get("/eval-runs", agent_id=named, page_size=2)) == hers[:2]
        assert owner.get("/eval-runs", agent_id=named).json()["total_count"] == 3


@pytest.mark.parametrize("named", ["Nobody", str(uuid.UUID(int=7))])
def test_an_agent_that_is_not_there_has_no_runs(owner: Api, agent: Agent, named: str) -> None:
    factories.run(project=owner.project, agent=factories.agent(project=owner.project, name="Nil", id=uuid.UUID(int=0)))
    runs_make(owner.project, 1)
    assert owner.get("/eval-runs", agent_id=named).json() == {"runs": [], "total_count": 0}
    assert owner.get("/eval-runs", agent_id=named, page_size=5).json() == {"runs": [], "has_more": False, "next_cursor": ""}


def test_the_runs_of_a_deleted_agent_are_found_by_its_id(owner: Api, agent: Agent) -> None:
    made = runs_make(owner.project, 2)
    key = str(agent.id)
    agent.delete()
    page = owner.get("/eval-runs", agent_id=key)
    assert ids(page) == made
    assert {run["agent_id"] for run in page.json()["runs"]} == {key}


def test_a_strangers_runs_and_agents_are_not_there(owner: Api, stranger: Api, agent: Agent) -> None:
    runs_make(owner.project, 3)
    for query in ({}, {"page_size": 5}, {"agent_id": str(agent.id)}, {"agent_id": "Mara"}):
        assert ids(stranger.get("/eval-runs", **query)) == []


def test_a_listed_run_is_the_run_itself_with_its_transcript(owner: Api) -> None:
    first, second = (factories.finished_run(project=owner.project, agent=None) for _ in range(2))
    listed = owner.get("/eval-runs", page_size=2).json()["runs"]
    assert listed == [owner.get(f"/eval-runs/{run.id}").json() for run in (second, first)]
    assert [line["index"] for line in listed[0]["transcript"]] == list(range(8))
    for run in listed:
        check_contract("EvalRun", run)


def test_every_time_has_an_offset_and_a_waiting_run_has_a_start(owner: Api, agent: Agent) -> None:
    runs_make(owner.project, 1)
    [run] = owner.get("/eval-runs").json()["runs"]
    assert run["started_at"] == run["created_at"]
    assert datetime.fromisoformat(run["created_at"]).utcoffset() == timedelta(0)
    assert run["completed_at"] is None


@pytest.mark.parametrize(("query", "queries"), [({"limit": 20}, 5), ({"page_size": 20}, 4), ({"page_size": 20, "agent_id": "Mara"}, 5)])
def test_a_page_costs_the_same_queries_for_one_run_and_for_twenty(
    owner: Api, agent: Agent, query: dict[str, Any], queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner.get("/eval-runs")  # the first use of a key is noted
    for count in (1, 20):
        while EvalRun.objects.count() < count:
            factories.conversation(run=factories.run(project=owner.project, agent=agent))
        with django_assert_num_queries(queries):
            assert len(ids(owner.get("/eval-runs", **query))) == count


@pytest.fixture
def long_runs(owner: Api) -> list[str]:
    """Three runs whose transcripts are together longer than one answer may be, newest first."""
    made = runs_make(owner.project, 3)
    said = [Message(run_id=run, index=index, role="user") for run in made for index in range(MOST_MESSAGES // 2 - 1)]
    Message.objects.bulk_create(said, batch_size=2000)
    return made


def test_a_page_by_cursor_is_cut_where_its_transcripts_are_too_long_and_goes_on(owner: Api, long_runs: list[str]) -> None:
    assert walk(owner, 3, lambda: None) == long_runs
    first = owner.get("/eval-runs", page_size=3)
    assert ids(first) == long_runs[:1]
    assert first.json()["has_more"]


def test_a_numbered_page_with_too_long_transcripts_is_refused_with_what_fits(owner: Api, long_runs: list[str]) -> None:
    refused = owner.get("/eval-runs", limit=3)
    assert locations(refused) == ["query.limit"]
    assert "Ask for 1 or fewer at once" in refused.json()["detail"]
    assert ids(owner.get("/eval-runs", limit=1, offset=2)) == long_runs[2:]


class Counted(RunListQuery):
    """Says how often it was made."""

    made = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Counted.made += 1
        super().__init__(*args, **kwargs)


def test_what_a_query_may_say_is_looked_up_once_however_many_keys_it_has() -> None:
    endpoint = Endpoint()
    endpoint.request = Request(APIRequestFactory().get("/?limit=2&offset=1&agent_id=Mara&utm_source=mail"))
    assert endpoint.query(Counted) == {"limit": 2, "offset": 1, "agent_id": "Mara"}
    assert Counted.made == 1
