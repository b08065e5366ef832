"""The runs that filters leave, or that are ticked, as CSV and JSON lines."""

import csv
import json
import uuid
from io import StringIO

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs import finding
from runs.bodies import run_body
from runs.exports import many
from runs.models import EvalRun
from runs.selectors import transcript
from runs.states import Status
from tests import factories
from tests.runs.exports.reading import body


def sheet(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:], newline="")))


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_sheet_has_a_row_a_run_with_what_the_list_shows(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project, demo=True)
    unpriced = factories.run(project=project, unpriced_calls=2)
    first, second = sheet(body(owner.get("/runs/export.csv")))
    assert (first["run_id"], first["cost_usd"], first["score"]) == (str(unpriced.id), "", "")
    assert (second["run_id"], second["agent"], second["score"], second["demo"]) == (str(run.id), "Mara", "80.0", "demo")
    assert (second["template"], second["turns"], second["cost_usd"]) == ("Conversation quality", "4", "0.0124")


def test_what_models_and_strangers_wrote_is_no_formula(owner: Client, project: Project) -> None:
    factories.run(project=project, agent_name="=cmd|' /C calc'!A0", error_reason="+1", user_persona={"name": "@SUM(1)"})
    [row] = sheet(body(owner.get("/runs/export.csv")))
    assert [row[name][0] for name in ("agent", "error", "persona")] == ["'"] * 3


def test_a_line_is_what_the_api_answers_for_the_run(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    [line] = lines(body(owner.get("/runs/export.jsonl")))
    assert line == json.loads(json.dumps(run_body(run, transcript(run=run)), default=str))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_it_holds_all_that_the_filters_leave_in_their_order(
    owner: Client, project: Project, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "BATCH", 3)
    monkeypatch.setattr(many, "WHOLE", 2)
    monkeypatch.setattr(finding, "LOOK_AT", 4)
    runs = [factories.run(project=project, status=Status.FAILED, kind="evaluate", score=float(number)) for number in range(10)]
    for _ in range(9):
        factories.run(project=project)
    text = body(owner.get(f"/runs/export.{form}?status=failed&kind=evaluate&sort=worst"))
    ids = [row["run_id"] for row in (sheet(text) if form == "csv" else lines(text))]
    assert ids == [str(run.id) for run in runs]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_ticked_runs_are_posted_and_only_the_projects_own_are_in_it(owner: Client, project: Project, form: str) -> None:
    mine, other = factories.run(project=project), factories.run(project=factories.project())
    factories.run(project=project)
    response = owner.post(f"/runs/export.{form}", {"run": [mine.id, other.id, uuid.uuid4()]})
    text = body(response)
    assert [row["run_id"] for row in (sheet(text) if form == "csv" else lines(text))] == [str(mine.id)]
    assert response["Content-Disposition"].startswith('attachment; filename="runs-20')


def test_more_than_two_hundred_cannot_be_posted(owner: Client) -> None:
    assert owner.post("/runs/export.csv", {"run": [uuid.uuid4() for _ in range(201)]}).status_code == 400


def test_a_stranger_gets_nothing_of_ours(stranger: Client, project: Project) -> None:
    factories.run(project=project)
    assert sheet(body(stranger.get("/runs/export.csv"))) == []


def test_an_unknown_form_is_not_found(owner: Client) -> None:
    assert owner.get("/runs/export.xlsx").status_code == 404


@pytest.mark.parametrize(("form", "queries"), [("csv", 7), ("jsonl", 9)])
@pytest.mark.parametrize("count", [1, 8])
def test_a_batch_costs_the_same_for_any_number_of_runs(
    owner: Client, project: Project, form: str, queries: int, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        factories.finished_run(project=project)
    with django_assert_num_queries(queries):  # session, person, membership, agents, templates; places, runs; messages
        body(owner.get(f"/runs/export.{form}"))


def test_a_run_that_is_deleted_meanwhile_is_left_out(project: Project) -> None:
    runs = [factories.run(project=project) for _ in range(3)]
    batches = iter([[run.id for run in runs]])
    EvalRun.objects.filter(pk=runs[1].pk).delete()
    assert len(list(many.as_lines(project, batches))) == 2
