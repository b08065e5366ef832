"""The database's own figures of what came of the runs of each day, beside a count of the runs themselves."""

import random
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.models import UUIDField

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.statistics import Sums
from runs import score_tally
from runs.models import EvalRun
from runs.score_tally import Part
from runs.states import FINAL, Status
from runs.triggers import RUNS
from templates_app.models import EvalTemplate
from tests import factories

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
LONG_AGO = date(2000, 1, 1)
Key = tuple[Any, ...]


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def agent(project: Project) -> Agent:
    return factories.agent(project=project)


@pytest.fixture
def template(project: Project) -> EvalTemplate:
    return factories.template(project=project)


def kept(project: Project) -> dict[Key, tuple[int, Sums]]:
    """What the table has of a project, added up where a kind has several rows."""
    names = ("day", "agent_id", "part", "status", "demo", "again", "template_id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {", ".join(names)}, sum(runs), sum(scored), sum(total), sum(squares) FROM {score_tally.TALLY}
                WHERE project_id = %s GROUP BY {", ".join(names)} HAVING sum(runs) <> 0""",
            [UUIDField().get_db_prep_value(project.pk, connection)],
        )
        rows = [(*row[:7], *map(int, row[7:])) for row in cursor.fetchall()]
    return {
        (day, score_tally._key(agent), part, status, bool(demo), bool(again), score_tally._key(template)): (runs, Sums(*figures, 1000))
        for day, agent, part, status, demo, again, template, runs, *figures in rows
    }


def sums(scores: Iterable[float]) -> Sums:
    parts = [round(1000 * score) for score in scores]
    return Sums(len(parts), sum(parts), sum(part**2 for part in parts), 1000)


def really(project: Project) -> dict[Key, tuple[int, Sums]]:
    """The same, counted from the runs but for children of batches."""
    found: dict[Key, tuple[int, Sums]] = {}
    for run in EvalRun.objects.of(project).filter(status__in=FINAL).exclude(kind=EvalRun.Kind.TRIAL):
        parts = [(Part.RUN, None, None)]
        parts += [(Part.QUALITY, run.template_id, run.score)] if run.template_id else []
        parts += [(Part.ADAPTATION, run.adaptation_template_id, run.adaptation_score)] if run.adaptation_template_id else []
        for part, template_id, score in parts:
            told = (part, run.status, run.uses_demo, run.kind == "eval_only", template_id)
            scored = sums([score] if score is not None and run.status == Status.COMPLETED else [])
            where = (run.created_at.astimezone(UTC).date(), run.agent_id, *told)
            runs, before = found.get(where, (0, Sums()))
            found[where] = (runs + 1, before + scored)
    return {where: (runs, Sums(scores.n, scores.total, scores.squares, 1000)) for where, (runs, scores) in found.items()}


class Life:
    """Runs that come, change and go by chance, written in every way that Django has."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.projects = [factories.project() for _ in range(2)]
        self.agents = [factories.agent(project=project, name=f"Mara {number}") for project in self.projects for number in range(2)]
        self.templates = [factories.template(project=project) for project in self.projects for _ in range(2)]

    def columns(self) -> dict[str, Any]:
        pick = self.chance.choice
        return {
            "project_id": pick(self.projects).pk,
            "created_at": NOON + timedelta(hours=self.chance.randint(-60, 60)),
            "agent_id": pick([*[agent.pk for agent in self.agents], None]),
            "template_id": pick([*[template.pk for template in self.templates], None]),
            "adaptation_template_id": pick([self.templates[0].pk, None]),
            "kind": pick(EvalRun.Kind.values),
            "uses_demo": pick([True, False]),
            "status": pick(list(Status)),
            "score": pick([None, round(self.chance.uniform(0, 100), 1)]),
            "adaptation_score": pick([None, 0.0, 100.0, self.chance.uniform(0, 100)]),
        }

    def some(self) -> list[uuid.UUID]:
        there = list(EvalRun.objects.order_by("pk").values_list("pk", flat=True))
        return self.chance.sample(there, min(len(there), self.chance.randint(1, 4)))

    def step(self) -> None:
        self.chance.choice([self.come, self.come_together, self.change, self.change_together, self.save_whole, self.go, self.go_raw])()

    def come(self) -> None:
        EvalRun.objects.create(agent_name="Mara", **self.columns())

    def come_together(self) -> None:
        EvalRun.objects.bulk_create([EvalRun(agent_name="Mara", **self.columns()) for _ in range(self.chance.randint(1, 6))])

    def change(self) -> None:
        names = self.chance.sample(sorted(self.columns()), 3)
        for run_id in self.some()[:1]:
            EvalRun.objects.filter(pk=run_id).update(**{name: self.columns()[name] for name in names})

    def change_together(self) -> None:
        columns = self.columns()
        EvalRun.objects.filter(pk__in=self.some()).update(status=columns["status"], score=columns["score"])

    def save_whole(self) -> None:
        for run in EvalRun.objects.filter(pk__in=self.some()):
            run.status = self.columns()["status"]
            run.save()

    def go(self) -> None:
        EvalRun.objects.filter(pk__in=self.some()).delete()

    def go_raw(self) -> None:
        EvalRun.objects.filter(pk__in=self.some()[:2])._raw_delete("default")


@pytest.mark.parametrize("seed", range(12))
def test_after_any_writes_the_figures_are_those_of_a_recount(seed: int) -> None:
    life = Life(seed)
    for number in range(60):
        life.step()
        if number % 10 == 9:
            for project in life.projects:
                assert kept(project) == really(project)


def table() -> Counter[tuple[Any, ...]]:
    """All rows, added up where a kind has several."""
    found: Counter[tuple[Any, ...]] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(score_tally.KEYS)}, runs, scored FROM {score_tally.TALLY}")
        for row in cursor.fetchall():
            found[row[:-2]] += row[-2]
    return +found


def test_when_all_runs_are_gone_no_row_is_left(project: Project, agent: Agent, template: EvalTemplate) -> None:
    before = table()
    runs = [
        factories.run(project=project, agent=agent, template=template, status=Status.COMPLETED, score=score) for score in (81.8, 7.3, 0.1)
    ]
    EvalRun.objects.filter(pk=runs[0].pk).update(score=33.3)
    assert table() != before
    EvalRun.objects.of(project).delete()
    assert table() == before


def test_a_run_is_counted_when_it_ends_and_no_earlier(project: Project, agent: Agent, template: EvalTemplate) -> None:
    run = factories.run(project=project, agent=agent, template=template, created_at=NOON)
    assert kept(project) == {}
    EvalRun.objects.filter(pk=run.pk).update(status=Status.RUNNING, score=70.0)  # scored, and the adaptation judge still at work
    assert kept(project) == {}
    EvalRun.objects.filter(pk=run.pk).update(status=Status.COMPLETED)
    quality = [row for row in score_tally.by_day(project_id=project.pk, since=LONG_AGO) if row.part == Part.QUALITY]
    assert [(row.day, row.template_id, row.runs, row.scores) for row in quality] == [(NOON.date(), template.pk, 1, sums([70.0]))]


def test_a_run_that_only_tries_out_a_draft_is_in_no_score(project: Project, agent: Agent) -> None:
    draft = {"name": "Draft", "draft": True, "categories": []}
    factories.run(project=project, agent=agent, kind="eval_only", template_snapshot=draft, status=Status.COMPLETED, score=90.0)
    assert score_tally.by_day(project_id=project.pk, since=LONG_AGO) == []
    assert [row.runs for row in score_tally.ended(project_id=project.pk, since=LONG_AGO, edges=())] == [1]


def test_a_failed_run_has_no_score_whatever_was_judged_before(project: Project, agent: Agent, template: EvalTemplate) -> None:
    factories.run(project=project, agent=agent, template=template, status=Status.FAILED, score=90.0)
    assert {row.scores.n for row in score_tally.by_day(project_id=project.pk, since=LONG_AGO)} == {0}


def test_what_says_nothing_of_the_agent_is_not_among_what_was_judged(project: Project, agent: Agent, template: EvalTemplate) -> None:
    for status in FINAL:
        factories.run(project=project, agent=agent, template=template, status=status)
    factories.run(project=project, agent=agent, template=template, status=Status.COMPLETED, kind="eval_only", score=5.0)
    judged = [row for row in score_tally.by_day(project_id=project.pk, since=LONG_AGO) if row.part == Part.QUALITY]
    assert {row.status: row.runs for row in judged} == {Status.COMPLETED: 1, Status.FAILED: 2}
    ended = score_tally.ended(project_id=project.pk, since=LONG_AGO, edges=())
    assert {(row.status, row.again): row.runs for row in ended} == {**{(status, False): 1 for status in FINAL}, (Status.COMPLETED, True): 1}


def test_periods_are_counted_back_from_the_newest(project: Project, agent: Agent, template: EvalTemplate) -> None:
    for days, score in ((0, 10.0), (6, 20.0), (7, 30.0), (13, 40.0), (14, 50.0), (30, 60.0)):
        at = NOON - timedelta(days=days)
        factories.run(project=project, agent=agent, template=template, status=Status.COMPLETED, score=score, created_at=at)
    today = NOON.date()
    edges = [today - timedelta(days=6), today - timedelta(days=13)]
    rows = score_tally.by_agent(project_id=project.pk, since=today - timedelta(days=20), edges=edges)
    found = {row.period: row.scores for row in rows if row.part == Part.QUALITY}
    assert found == {0: sums([10.0, 20.0]), 1: sums([30.0, 40.0]), 2: sums([50.0])}


def migrated() -> None:
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


def test_runs_of_before_are_counted_when_it_is_installed(project: Project, agent: Agent, template: EvalTemplate) -> None:
    score_tally.KEPT.remove(connection)
    for score in (81.8, None):
        factories.run(project=project, agent=agent, template=template, status=Status.COMPLETED, score=score, created_at=NOON)
    migrated()
    factories.run(project=project, agent=agent, template=template, status=Status.FAILED, created_at=NOON)
    assert kept(project) == really(project) != {}


def test_migrating_again_does_not_count_again(project: Project, agent: Agent) -> None:
    factories.run(project=project, agent=agent, status=Status.COMPLETED)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {score_tally.TALLY} SET runs = 7")
    migrated()
    assert {runs for runs, _ in kept(project).values()} == {7}


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_everything_can_be_loaded_into_an_empty_installation(tmp_path: Path) -> None:
    life = Life(1)
    for _ in range(30):
        life.come()
    before = table()
    call_command("dumpdata", "accounts", "agents", "templates_app", "runs", output=str(tmp_path / "all.json"))
    call_command("flush", interactive=False, verbosity=0)
    assert table() == Counter()
    call_command("loaddata", str(tmp_path / "all.json"), verbosity=0)
    assert table() == before != Counter()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_emptied_at_once_counts_nothing() -> None:
    Life(2).come_together()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {RUNS} CASCADE")
    assert table() == Counter()
