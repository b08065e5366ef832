"""Children of batches where runs are listed, counted, shown and started again: they are runs, but no runs that somebody started alone."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from agents.models import Agent
from evalhub.accounts.models import Project
from runs import bulk, finding, score_tally, tally
from runs.again import PartOfABatch, run_again, run_rejudge
from runs.api.evals import by_cursor, numbered
from runs.bodies import run_body
from runs.engine.drain import run_drain
from runs.exports import one
from runs.live.configuration import facts
from runs.models import EvalRun, Trial
from runs.overview import overview
from runs.selectors import run_list, transcript
from runs.states import Status
from tests.support.runs import project_make, run_make, template_make
from tests.support.trials import batch_make, custom_subject, prompt_subject, target

TODAY = datetime.now(UTC).date()
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return project_make()


@pytest.fixture
def trial(project: Project) -> Trial:
    """A child that is over, beside a run that somebody started."""
    batch = batch_make([custom_subject("Write a rhyme about bread.", judge_model="demo/judge")], [target("demo/agent")])
    run_make(project=project)
    run_drain(linger=0)
    found = Trial.objects.select_related("run").get(batch=batch)
    assert found.run.status == Status.COMPLETED
    return found


def test_lists_of_runs_leave_them_to_their_batch(project: Project, trial: Trial) -> None:
    [alone] = EvalRun.objects.exclude(pk=trial.pk)
    found = finding.find(project=project, wanted=finding.Wanted(), size=10)
    assert [place.run_id for place in found.places] == [alone.pk]
    assert not finding.find(project=project, wanted=finding.Wanted(text="bread"), size=10).places
    assert list(run_list(project=project)) == [alone]


def test_the_api_of_runs_lists_the_four_kinds_it_knows_and_shows_any(project: Project, trial: Trial) -> None:
    [alone] = EvalRun.objects.exclude(pk=trial.pk)
    page = numbered(project, None, {})
    assert ([run["run_id"] for run in page["runs"]], page["total_count"]) == ([str(alone.pk)], 1)
    assert [run["run_id"] for run in by_cursor(project, None, {"page_size": 5})["runs"]] == [str(alone.pk)]
    body = run_body(trial.run, transcript(run=trial.run))
    assert (body["agent_id"], body["agent_name"], len(body["transcript"])) == ("", "demo/agent", 2)


def test_counts_and_scores_of_agents_know_nothing_of_them(project: Project, trial: Trial) -> None:
    assert sum(count for _, count in tally.days(project_id=project.pk)) == 1
    before = overview(project=project, today=TODAY, days=7)
    batch_make([prompt_subject(template={"template_id": str(template_make(project).pk)})], [target("demo/agent")])
    EvalRun.objects.filter(kind=EvalRun.Kind.TRIAL).update(status=Status.COMPLETED, score=3.0, template_id=template_make(project).pk)
    assert overview(project=project, today=TODAY, days=7) == before
    EvalRun.objects.filter(kind=EvalRun.Kind.TRIAL).delete()
    assert overview(project=project, today=TODAY, days=7) == before
    assert sum(count for _, count in tally.days(project_id=project.pk)) == 1


@pytest.mark.parametrize("kept", [tally.KEPT, score_tally.KEPT])
def test_counting_anew_leaves_them_out_too(project: Project, trial: Trial, kept: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT sum(runs) FROM {kept.table}")
        before = cursor.fetchone()
        kept.remove(connection)
        kept.install()
        cursor.execute(f"SELECT sum(runs) FROM {kept.table}")
        assert cursor.fetchone() == before


def test_a_page_of_the_list_is_found_by_an_index_of_own_runs(project: Project) -> None:
    batch_make([prompt_subject() for _ in range(20)], [target("demo/agent")])
    sql, parameters = run_list(project=project)[:5].query.sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):  # twenty rows are read in any way that was not counted yet
                cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + sql, parameters)
        plan = str(cursor.fetchall())
    assert "run_list" in plan
    assert "run_list_by" not in plan
    assert "TEMP B-TREE" not in plan


def test_one_is_not_run_again_alone(project: Project, trial: Trial) -> None:
    with pytest.raises(PartOfABatch, match="part of a batch"):
        run_again(run_id=trial.pk, project=project)
    assert EvalRun.objects.count() == 2


def test_its_transcript_can_be_judged_again(project: Project, trial: Trial) -> None:
    made = run_rejudge(run_id=trial.pk, project=project, template=template_make(project), adaptation_template=None)
    said = bulk.runs_rejudge(run_ids=[trial.pk], project=project, template=template_make(project))
    assert said == "1 is judged again."
    run_drain(linger=0)
    made.refresh_from_db()
    assert (made.status, made.agent_id, made.agent_name) == (Status.COMPLETED, None, "demo/agent")
    assert made.score is not None
    assert EvalRun.objects.filter(kind=EvalRun.Kind.EVAL_ONLY, status=Status.COMPLETED).count() == 2
    trial.refresh_from_db()
    assert trial.run.score == trial.score


@pytest.mark.parametrize("form", one.FORMS)
def test_it_is_exported_like_any_run(trial: Trial, form: str) -> None:
    write, _ = one.FORMS[form]
    assert "Write a rhyme about bread." in "".join(write(trial.run))


def test_its_configuration_names_the_target(trial: Trial) -> None:
    assert ("Agent", "demo/agent (target of a batch)") in facts(trial.run)
    assert not Agent.objects.filter(name="demo/agent").exists()
