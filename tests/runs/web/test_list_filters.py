"""Filters and orders of the list of runs: they live in the address, hold together, and are mended beside their field."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs import finding
from runs.finding import ORDERS
from runs.models import EvalRun
from runs.states import Status
from runs.web import listing
from tests import factories


def shown(client: Client, **query: object) -> list[uuid.UUID]:
    response = client.get("/runs/", query)
    assert response.status_code == 200
    return [run.id for run in response.context["page"].runs]


def over(project: Project, *, hours: float = 0, seconds: float = 60, cost: str = "0.01", **columns: object) -> EvalRun:
    """A run that is over, created some hours ago."""
    created = timezone.now() - timedelta(hours=hours)
    times = {"created_at": created, "started_at": created, "completed_at": created + timedelta(seconds=seconds)}
    values = {"status": Status.COMPLETED, "simulation_cost_usd": Decimal(cost)} | times | columns
    return factories.run(project=project, **values)  # type: ignore[arg-type]


def test_each_filter_leaves_what_it_names(owner: Client, project: Project) -> None:
    agent, template = factories.agent(project=project, name="Nora"), factories.template(project=project)
    adaptation = factories.template(project=project, name="Grows", kind="adaptation")
    old = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    run = over(project, agent=agent, template=template, adaptation_template=adaptation, score=55.0, created_at=old, status=Status.FAILED)
    factories.run(project=project, agent=factories.agent(project=project), score=90.0)
    for query in (
        {"status": "failed"},
        {"kind": "run_eval"},
        {"agent": agent.id},
        {"template": template.id},
        {"template": adaptation.id},
        {"score_max": 55},
        {"score_min": 50, "score_max": 60},
        {"to": "2026-01-31"},
        {"since": "2026-01-31", "to": "2026-01-31"},
        {"q": "nora"},
    ):
        assert shown(owner, **query) == [run.id], query
        assert shown(owner, **query, sort="longest") == [run.id], query
    assert shown(owner, to="2026-01-30") == []
    assert shown(owner, agent=agent.id, status="completed") == []


@pytest.mark.parametrize("sort", ORDERS)
def test_every_order_shows_every_run_once_page_after_page(
    owner: Client, project: Project, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)
    runs = [over(project, hours=number, seconds=number % 3, cost=f"0.0{number % 2}", score=float(number % 4)) for number in range(10)]
    key = {
        "created_at": lambda run: run.created_at,
        "score": lambda run: run.score,
        "cost": lambda run: run.total_cost_usd,
        "seconds": lambda run: run.completed_at - run.started_at,
    }[ORDERS[sort].column]
    wanted = sorted(runs, key=lambda run: (key(run), run.id.hex), reverse=ORDERS[sort].descending)
    seen, address = [], f"/runs/?sort={sort}"
    while address:
        response = owner.get(address)
        seen += [run.id for run in response.context["page"].runs]
        address = response.context["page"].more_href
    assert seen == [run.id for run in wanted]


def test_what_has_no_place_in_an_order_is_not_in_it_and_the_page_says_so(owner: Client, project: Project) -> None:
    scored = over(project, score=1.0)
    factories.run(project=project)
    unpriced = over(project, cost="0", unpriced_calls=1)
    response = owner.get("/runs/?sort=best")
    assert [run.id for run in response.context["page"].runs] == [scored.id]
    assert "Only runs that have a score are in this order." in response.text
    assert shown(owner, sort="cheapest") == [scored.id]
    assert set(shown(owner, sort="longest")) == {scored.id, unpriced.id}


def test_a_rare_match_is_found_by_looking_further(owner: Client, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "LOOK_AT", 4)
    for number in range(10):
        over(project, hours=number, score=10.0)
    rare = over(project, hours=20, score=99.0)
    response = owner.get("/runs/?score_min=90")
    assert "There are none among the" in response.text
    assert "Look further" in response.text
    steps = 0
    while not response.context["page"].runs:
        response = owner.get(response.context["page"].more_href)
        steps += 1
    assert [run.id for run in response.context["page"].runs] == [rare.id]
    assert steps == 2


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"status": "robot"}, "There is no status “robot”."),
        ({"kind": "x"}, "There is no kind “x”."),
        ({"agent": "x"}, "This project has no such agent."),
        ({"agent": str(uuid.UUID(int=7))}, "This project has no such agent."),
        ({"template": "x"}, "This project has no such template."),
        ({"score_min": "many"}, "Give a number from 0 to 100."),
        ({"score_min": "nan"}, "Give a number from 0 to 100."),
        ({"score_max": "101"}, "Ensure this value is less than or equal to 100."),
        ({"score_min": "60", "score_max": "50"}, "no run has such a score"),
        ({"since": "yesterday"}, "Write the day as 2026-03-31."),
        ({"since": "2026-02-30"}, "Write the day as 2026-03-31."),
        ({"to": "9999-12-31"}, "Give a day from 2000 to 2199."),
        ({"since": "2026-03-02", "to": "2026-03-01"}, "no run is of such a day"),
        ({"sort": "luck"}, "The list cannot be sorted like that."),
        ({"q": "x" * 201}, "at most 200 characters"),
        ({"q": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_value_that_cannot_be_used_is_a_sentence_and_the_other_filters_hold(
    owner: Client, project: Project, query: dict[str, str], sentence: str
) -> None:
    agent = factories.agent(project=project)
    factories.run(project=project, agent=agent)
    response = owner.get("/runs/", {"q": "mara"} | query)
    assert response.status_code == 200
    assert sentence in response.text
    field = list(query)[-1]
    assert f'aria-describedby="id_{field}_error"' in response.text


def test_a_filter_that_holds_is_a_tag_with_the_way_to_do_without_it(owner: Client, project: Project) -> None:
    factories.run(project=project)
    page = owner.get("/runs/?status=pending&q=mara&sort=oldest").text
    assert 'href="?status=pending&amp;sort=oldest"' in page
    assert 'href="?q=mara&amp;sort=oldest"' in page
    assert '<a class="filter-clear" href="/runs/?sort=oldest">Clear all</a>' in page
    assert "filter-tags" not in owner.get("/runs/?sort=oldest").text


def test_a_head_sorts_by_its_column_and_then_the_other_way_round(owner: Client, project: Project) -> None:
    over(project, score=1.0)
    assert 'href="/runs/?status=completed&amp;sort=best"' in owner.get("/runs/?status=completed").text
    page = owner.get("/runs/?sort=best").text
    assert 'aria-sort="descending"><a href="/runs/?sort=worst">' in page


def test_runs_of_a_deleted_agent_are_still_found_by_it(owner: Client, project: Project) -> None:
    agent = factories.agent(project=project, name="Gone")
    run = factories.run(project=project, agent=agent)
    key = agent.id
    agent.delete()
    response = owner.get(f"/runs/?agent={key}")
    assert [each.id for each in response.context["page"].runs] == [run.id]
    assert "Gone (deleted)" in response.text


def test_another_projects_agents_templates_and_runs_are_not_here(owner: Client, stranger: Client, project: Project) -> None:
    agent = factories.agent(project=project, name="Secretive")
    factories.run(project=project, agent=agent)
    page = stranger.get(f"/runs/?agent={agent.id}&q=secretive").text
    assert "This project has no such agent." in page
    assert "Secretive" not in page


@pytest.mark.parametrize("place", ["nan~", "inf~", "1e999~", "x~", "2026-01-01T00:00:00Z~"])
@pytest.mark.parametrize("sort", ["best", "costliest"])
def test_a_place_of_another_order_is_a_bad_request(owner: Client, place: str, sort: str) -> None:
    assert owner.get("/runs/", {"sort": sort, "after": place + str(uuid.UUID(int=1))}).status_code == 400


def test_all_filters_and_words_at_once_cost_few_queries(
    owner: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run = factories.finished_run(project=project)
    query = {
        "q": "dogs",
        "status": "completed",
        "agent": run.agent_id,
        "kind": "run_eval",
        "score_min": 1,
        "since": "2026-01-01",
        "sort": "best",
    }
    with django_assert_max_num_queries(12):
        assert shown(owner, **query) == [run.id]
