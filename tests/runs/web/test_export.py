"""One run as a file: JSON as the API answers it, CSV for a spreadsheet, Markdown to read."""

import csv
import json
import re
from io import StringIO

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from evalhub.accounts.models import Project
from runs.bodies import run_body
from runs.exports import reading
from runs.models import EvalRun, Message
from runs.selectors import transcript
from tests import factories
from tests.runs.exports.reading import body

HOSTILE = '```\n# Out\n<script>alert(1)</script> | =HYPERLINK("x") [a](javascript:b)'


def export(client: Client, run: EvalRun, form: str) -> str:
    return body(client.get(f"/runs/{run.id}/export.{form}"))


def sheet(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))


def test_json_is_what_the_api_answers(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    assert json.loads(export(owner, run, "json")) == json.loads(json.dumps(run_body(run, transcript(run=run)), default=str))


def test_json_of_a_run_that_says_nothing_is_json(owner: Client, project: Project) -> None:
    assert json.loads(export(owner, factories.run(project=project), "json"))["transcript"] == []


def test_a_sheet_has_a_row_a_message_and_a_row_a_score(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project, scores={"tone": None})
    rows = sheet(export(owner, run, "csv"))
    assert [row["text"] for row in rows if row["record"] == "message"] == [message.content for message in transcript(run=run)]
    scores = {row["who"]: (row["score"], row["text"]) for row in rows if row["record"] == "quality"}
    assert scores["overall"][0] == "80.0"
    assert scores["tone"] == ("", "The judge left this category out.")
    assert {row["who"] for row in rows if row["record"] == "adaptation"} == {"overall", "recall", "consistency"}


def test_a_sheet_computes_nothing_that_a_model_wrote(owner: Client, project: Project) -> None:
    run = factories.run(project=project)
    for words in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        factories.message(run=run, role="user", content=words)
    assert all(row["text"].startswith("'") for row in sheet(export(owner, run, "csv")))


def test_markdown_tells_scores_costs_and_the_transcript(owner: Client, project: Project) -> None:
    text = export(owner, factories.finished_run(project=project), "md")
    for words in ("# Mara", "## Scores", "Overall: 80 / 100", "## Adaptation", "## Costs", "$0.0100", "### Session 2", "I have two dogs."):
        assert words in text
    assert "Session ended: the user's goal was met." in text


def test_markdown_says_demo_unscored_and_unpriced(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project, demo=True, scores={"helpfulness": None, "accuracy": None, "tone": None})
    factories.call(run=run, purpose="memory", price=None)
    text = export(owner, run, "md")
    for words in ("A demo model played a part", "Overall: unscored (demo model)", "| unscored |", "| unpriced |"):
        assert words in text


def test_hostile_words_stay_inside_their_block_or_their_line(owner: Client, project: Project) -> None:
    run = factories.finished_run(project=project)
    EvalRun.objects.filter(pk=run.pk).update(agent_name=HOSTILE, error_reason=HOSTILE)
    Message.objects.filter(run=run).update(content=HOSTILE)
    outside, fence = [], ""
    for line in export(owner, run, "md").split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
        else:
            outside.append(line)
    assert not fence
    assert not [line for line in outside if re.search(r"(?<!\\)[<|\]]", line) and "HYPERLINK" in line]
    assert "# Out" not in outside


@pytest.mark.parametrize("form", ["json", "csv", "md"])
def test_a_file_has_a_name_of_our_own_letters(owner: Client, project: Project, form: str) -> None:
    run = factories.run(project=project, agent_name='a"; filename=evil.exe\r\n')
    response = owner.get(f"/runs/{run.id}/export.{form}")
    assert response["Content-Disposition"] == f'attachment; filename="run-{run.id}.{form}"'


@pytest.mark.parametrize("form", ["json", "csv", "md"])
def test_a_long_transcript_is_read_in_batches_and_is_whole(
    owner: Client, project: Project, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH", 3)
    run = factories.run(project=project)
    for number in range(10):
        factories.message(run=run, role="user", content=f"line {number:02d}.")
    text = export(owner, run, form)
    assert [f"line {number:02d}." in text for number in range(10)] == [True] * 10


@pytest.mark.parametrize(("form", "queries"), [("json", 5), ("csv", 5), ("md", 7)])
def test_it_costs_few_queries(
    owner: Client, project: Project, form: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    run = factories.finished_run(project=project)
    with django_assert_num_queries(queries):  # session, person, membership, run, messages; costs
        export(owner, run, form)


def test_a_viewer_reads_and_so_may_export(teammate: Client, project: Project) -> None:
    assert teammate.get(f"/runs/{factories.run(project=project).id}/export.json").status_code == 200


def test_a_strangers_run_and_an_unknown_form_are_not_found(owner: Client, stranger: Client, project: Project) -> None:
    run = factories.run(project=project)
    assert stranger.get(f"/runs/{run.id}/export.json").status_code == 404
    assert owner.get(f"/runs/{run.id}/export.exe").status_code == 404


def test_nobody_is_sent_to_sign_in(project: Project) -> None:
    assert Client().get(f"/runs/{factories.run(project=project).id}/export.csv").status_code == 302
