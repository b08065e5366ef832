"""The overview: its figures are those of the API, of one project, and cost the same number of queries whatever is there."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.statistics import mean_of
from runs.models import CallTally, EvalRun
from runs.on_now import now
from runs.overview import Overview, Subject
from runs.score_tally import Part
from runs.states import Status
from runs.web.overview import _steps
from templates_app.models import EvalTemplate
from tests import batch_factories, factories
from tests.runs.api.client import Api
from tests.runs.web.overviewed import cell, figures, scored, text, today

MOST_QUERIES = 17
STATUSES = ["completed"] * 6 + ["failed", "cancelled", "interrupted", "running", "pending"]


@pytest.fixture
def agent(project: Project) -> Agent:
    return factories.agent(project=project)


@pytest.fixture
def template(project: Project) -> EvalTemplate:
    return factories.template(project=project)


def test_the_figures_are_those_that_the_api_gives(owner: Client, project: Project) -> None:
    """Over agents, templates, statuses, days and judgements of an old transcript."""
    agents = [factories.agent(project=project, name=name) for name in ("Mara", "Nora")]
    templates = [factories.template(project=project, name=name) for name in ("Quality", "Tone")]
    for number in range(66):
        scored(
            project,
            templates[number % 2],
            None if number % 7 == 0 else 40 + (number * 13) % 55 + 0.1,
            days=number % 40,
            agent=agents[number % 3 % 2],
            status=STATUSES[number % len(STATUSES)],
            kind="eval_only" if number % 10 == 9 else "run_eval",
        )
    found, told = figures(project), runs_of_api(project)
    first = str(today() - timedelta(days=29))
    inside = [run for run in told if run["created_at"][:10] >= first]
    assert found.runs == len(inside)
    assert {status: number for status, number in found.statuses.items() if number} == counted(inside)
    for template in templates:
        subject = Subject(Part.QUALITY, template.pk, demo=False)
        assert means_by_day(found, subject) == pytest.approx(means_by_day_of_api(inside, template))
        for agent in agents:
            scores = scores_of_api(inside, template, agent)
            cell = found.cells[subject._replace(agent_id=agent.pk)].scores.mean
            expected = mean_of(scores)
            assert cell is not None
            assert expected is not None
            assert (cell.n, cell.value, cell.half_width) == (expected.n, pytest.approx(expected.value), pytest.approx(expected.half_width))


def runs_of_api(project: Project) -> list[Mapping[str, Any]]:
    api, runs, cursor = Api(project), [], ""
    while True:
        page = api.get("/eval-runs", page_size=50, **({"cursor": cursor} if cursor else {})).json()
        runs += page["runs"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return runs


def counted(runs: list[Mapping[str, Any]]) -> dict[str, int]:
    return {status: sum(run["status"] == status for run in runs) for status in {run["status"] for run in runs}}


def scores_of_api(runs: list[Mapping[str, Any]], template: EvalTemplate, agent: Agent | None = None) -> list[float]:
    kinds = dict(EvalRun.objects.values_list("pk", "kind"))
    return [
        run["evaluation_result"]["score"]
        for run in runs
        if run["status"] == "completed"
        and kinds[uuid.UUID(run["run_id"])] != "eval_only"
        and run["evaluation_result"].get("template_id") == str(template.pk)
        and (agent is None or run["agent_id"] == str(agent.pk))
    ]


def means_by_day(found: Overview, subject: Subject) -> dict[str, float]:
    return {str(day): mean.value for day, each in found.trend[subject].items() if (mean := each.scores.mean)}


def means_by_day_of_api(runs: list[Mapping[str, Any]], template: EvalTemplate) -> dict[str, float]:
    days = {run["created_at"][:10] for run in runs}
    means = {day: mean_of(scores_of_api([run for run in runs if run["created_at"][:10] == day], template)) for day in days}
    return {day: mean.value for day, mean in means.items() if mean}


def test_the_page_costs_the_same_few_queries_with_one_run_and_with_many(
    owner: Client, project: Project, template: EvalTemplate, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    scored(project, template, 70.0)
    with django_assert_max_num_queries(MOST_QUERIES) as few:
        owner.get("/")
    with django_assert_max_num_queries(MOST_QUERIES) as few_by_week:
        owner.get("/?days=90")
    for number in range(12):
        other = factories.template(project=project, name=f"Template {number}")
        scored(project, other, 50.0 + number, days=number, agent=factories.agent(project=project, name=f"Agent {number}"))
        factories.run(project=project, status=Status.RUNNING)
    with django_assert_max_num_queries(MOST_QUERIES) as many:
        assert owner.get("/").status_code == 200
    with django_assert_max_num_queries(MOST_QUERIES) as many_by_week:
        assert owner.get("/?days=90").status_code == 200
    assert len(few.captured_queries) == len(many.captured_queries)
    assert len(few_by_week.captured_queries) == len(many_by_week.captured_queries)


def test_the_figures_take_seven_queries_and_what_is_on_takes_six(
    project: Project, template: EvalTemplate, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scored(project, template, 70.0)
    with django_assert_num_queries(7):
        figures(project)
    with django_assert_num_queries(5):
        now(project=project)
    batch_factories.batch(project=project, status=Status.RUNNING)
    with django_assert_num_queries(6):
        now(project=project)


def test_runs_of_another_project_are_in_no_figure(owner: Client, project: Project, template: EvalTemplate) -> None:
    scored(project, template, 70.0)
    other = factories.project(name="elsewhere")
    factories.agent(project=other, name="Secret agent")
    scored(other, factories.template(project=other, name="Secret template"), 10.0)
    factories.run(project=other, status=Status.RUNNING)
    CallTally.objects.create(project=other, day=today(), model="secret/model", purpose="agent", calls=3, price_usd=Decimal(5))
    found = figures(project)
    assert (found.runs, found.counted(Part.QUALITY, demo=False).scores.n, found.spent) == (1, 1, [])
    shown = owner.get("/").content.decode()
    assert "ecret" not in shown
    assert "elsewhere" not in shown


def test_a_viewer_sees_the_figures_but_no_button_to_start_a_run(teammate: Client, project: Project, template: EvalTemplate) -> None:
    scored(project, template, 70.0)
    shown = teammate.get("/").content.decode()
    assert "Scores by day" in shown
    assert "/runs/new/" not in shown


def test_who_is_not_signed_in_is_led_to_the_sign_in_page(db: None) -> None:
    response = Client().get("/")
    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=/")


def test_without_runs_the_page_says_what_it_will_hold(owner: Client, teammate: Client) -> None:
    shown = owner.get("/").content.decode()
    assert "No runs yet" in shown
    assert 'href="/runs/new/"' in shown
    assert "an editor or owner starts its runs" in teammate.get("/").content.decode()


def test_a_window_without_runs_points_to_the_older_ones(owner: Client, project: Project, template: EvalTemplate) -> None:
    scored(project, template, 70.0, days=60)
    assert "No run in the last 30 days" in text(owner.get("/").content)
    assert "Scores by week" in text(owner.get("/?days=90").content)


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("", 30), ("8", 30), ("x", 30), ("٧", 30), ("9" * 5000, 30)])
def test_the_window_is_in_the_address_and_one_that_is_not_offered_is_the_usual(
    owner: Client, project: Project, template: EvalTemplate, asked: str, days: int
) -> None:
    scored(project, template, 70.0)
    shown = owner.get("/", {"days": asked}).content.decode()
    assert re.findall(r'\?days=(\d+)" aria-current="page"', shown) == [str(days)]
    assert f"Runs in {days} days" in shown


def test_a_day_is_in_the_window_from_its_midnight_on(project: Project, template: EvalTemplate) -> None:
    midnight = datetime.combine(today() - timedelta(days=6), datetime.min.time(), UTC)
    scored(project, template, 70.0, created_at=midnight)
    scored(project, template, 10.0, created_at=midnight - timedelta(microseconds=1))
    assert [figures(project, days).runs for days in (7, 30)] == [1, 2]
    assert figures(project, 7).cells[cell(project, template)].scores.n == 1


def test_a_long_window_is_drawn_by_week_and_no_day_is_lost(owner: Client, project: Project, template: EvalTemplate) -> None:
    for number in range(90):
        scored(project, template, 70.0, days=number)
    steps = _steps(figures(project, 90).days, 7)
    assert [day for days in steps for day in days] == list(figures(project, 90).days)
    assert {len(days) for days in steps[1:]} == {7}
    assert text(owner.get("/?days=90").content).count("70 (70 to 70) n 7") == 12


def test_what_is_on_shows_its_progress_and_asks_for_itself_only_while_seen(owner: Client, project: Project) -> None:
    run = factories.run(project=project, status=Status.RUNNING, total_turns=3, planned_turns=12, started_at=timezone.now())
    shown = owner.get("/overview/now").content.decode()
    assert 'max="12" value="3"' in shown
    assert f'href="/runs/{run.pk}/"' in shown
    assert 'hx-get="/overview/now" hx-trigger="every 3s"' in shown
    assert "data-polling" in shown
    assert "1 running, 0 waiting" in text(shown.encode())


def test_more_than_fits_is_counted(owner: Client, project: Project) -> None:
    for _ in range(10):
        factories.run(project=project, status=Status.PENDING)
    found = now(project=project)
    assert (len(found.runs), found.waiting, found.more) == (8, 10, 2)
    assert "2 more" in text(owner.get("/overview/now").content)


def test_hostile_names_are_shown_as_text(owner: Client, project: Project) -> None:
    name = "<script>alert(1)</script>"
    agents = [factories.agent(project=project, name=f"{name}{number}") for number in range(2)]
    hostile = factories.template(project=project, name=name)
    for number in range(8):
        scored(project, hostile, 50.0 + number, agent=agents[number % 2], days=8 * (number % 2 == 0) + number % 3)
    factories.run(project=project, agent=agents[0], status=Status.RUNNING)
    shown = owner.get("/").content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown


def test_a_long_window_is_told_by_week_and_says_the_same(project: Project, template: EvalTemplate) -> None:
    for days, score in ((0, 10.0), (6, 20.0), (7, 30.0), (83, 40.0), (84, 50.0), (89, 60.0), (90, 70.0)):
        scored(project, template, score, days=days)
    found = figures(project, 90)
    [(subject, by_week)] = found.trend.items()
    means = {(found.days[-1] - first).days: counted.scores.mean.value for first, counted in by_week.items() if counted.scores.mean}
    assert means == {6: 15.0, 13: 30.0, 83: 40.0, 89: 55.0}
    assert found.counted(subject.part, demo=subject.demo).scores.n == 6
