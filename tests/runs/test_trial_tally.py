"""The database's own sums of what answers say and of what passed, beside what somebody counts who reads every row."""

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction

from evalhub.accounts.models import Project
from runs import brand_tally, ends, trial_tally
from runs.batches.children import remove_final
from runs.batches.history import Wanted as WantedRuns
from runs.batches.history import history_page
from runs.batches.voice import Wanted, choice, voice
from runs.engine import lease, writes
from runs.engine.outcome import CitationRow, MentionRow, Outcome
from runs.models import Batch, EvalRun, Mention, Trial
from runs.states import Status
from runs.sums import SumTable
from templates_app.prompts import services
from tests import batch_factories, factories
from tests.support.answers import answer
from tests.support.plain_voice import plain_trends, plain_voice, shown
from tests.support.steps import step_of
from tests.support.trials import ACME, RIVAL, batch_make, prompt_subject, target

pytestmark = pytest.mark.django_db
SECOND = {"id": str(uuid.UUID(int=3)), "name": "Zenith", "aliases": [], "domain": "", "is_own": True}
WORDS = ("Acme.", "Globex.", "Zenith.", "https://a.example/x", "https://b.example/y", "https://acme.test/", "Nothing.")
TABLES = (trial_tally.TABLE, brand_tally.TABLE)
DAYS = 9


def rows(sql: str, table: SumTable) -> dict[tuple[Any, ...], list[int]]:
    """Figures by keys; without those that are nothing."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = {_keys(table, row): list(map(int, row[len(table.keys) :])) for row in cursor.fetchall()}
    return {key: figures for key, figures in found.items() if any(figures)}


def _keys(table: SumTable, row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bool(value) if key.kind == "bool" else str(value) for key, value in zip(table.keys, row, strict=False))


def kept(table: SumTable) -> dict[tuple[Any, ...], list[int]]:
    """Added up where a kind has several rows."""
    names, sums = ", ".join(key.name for key in table.keys), ", ".join(f"sum({figure.name})" for figure in table.figures)
    return rows(f"SELECT {names}, {sums} FROM {table.name} GROUP BY {names}", table)


def counted(table: SumTable) -> dict[tuple[Any, ...], list[int]]:
    """As they are filled when they are made."""
    return rows(table.filled(connection.vendor).partition(") ")[2], table)


class Life:
    """Children of batches that come, end, are taken up again, judged anew and go by chance, in every way that rows are written."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.projects = [factories.project() for _ in range(2)]
        self.topics = {project.pk: [services.topic_create(project=project, name=name) for name in "AB"] for project in self.projects}
        self.today = datetime.now(UTC).date()

    def step(self) -> None:
        steps = [self.answered, self.answered, self.wait, self.end, self.end, self.break_off, self.go_on, self.judge, self.move, self.pass_]
        self.chance.choice([*steps, self.go, self.go_raw, self.batch_goes])()

    def some(self, **of: Any) -> list[uuid.UUID]:
        there = list(Trial.objects.filter(**of).order_by("batch", "position").values_list("pk", flat=True))
        return self.chance.sample(there, min(len(there), self.chance.randint(1, 3)))

    def project(self) -> Project:
        return self.chance.choice(self.projects)

    def answered(self) -> None:
        """As a child is left whose answer was read."""
        project = self.project()
        answer(
            " ".join(self.chance.choices(WORDS, k=5)),
            project=project,
            topic=self.chance.choice([*self.topics[project.pk], None]),
            platform=self.chance.choice(["openai", "demo"]),
            shown_as=self.chance.choice(["", "chat"]),
            days_ago=self.chance.randint(0, DAYS),
            brands=(ACME, RIVAL, SECOND),
            passed=self.chance.choice([True, False, None]),
        )

    def wait(self) -> None:
        targets = [target(name) for name in ("openai/m", "demo/agent")]
        batch_make([prompt_subject(topic_id=str(uuid.uuid4())) for _ in range(2)], targets, project=self.project())

    def end(self) -> None:
        """In the fenced commit of the engine."""
        held = lease.claim(3)
        plans = Trial.objects.in_bulk([each.run_id for each in held])
        with transaction.atomic():
            writes.write([step_of(each, outcome=self.outcome(plans[each.run_id]), columns={"status": Status.COMPLETED}) for each in held])

    def outcome(self, trial: Trial) -> Outcome:
        brands = self.chance.sample([ACME, RIVAL, SECOND], self.chance.randint(0, 3))
        return Outcome(
            passed=self.chance.choice([True, False, None]),
            mentions=[
                MentionRow(
                    brand_id=uuid.UUID(str(one["id"])),
                    brand=str(one["name"]),
                    is_own=bool(one["is_own"]),
                    count=self.chance.randint(1, 4),
                    rank=rank,
                )
                for rank, one in enumerate(brands, 1)
            ],
            citations=[CitationRow(place=1, url="https://a.example/", domain="a.example", is_own=False)],
            platform=trial.platform,
            topic_id=trial.group_id,
            demo=trial.target_key.startswith("text:demo:"),
        )

    def break_off(self) -> None:
        keys = self.some(finished_at=None)
        EvalRun.objects.filter(pk__in=keys).update(status=Status.CANCELLED)
        ends.trials_end(keys, self.chance.choice([Status.CANCELLED, Status.INTERRUPTED]))

    def go_on(self) -> None:
        keys = self.some(first_reason__in=["cancelled", "interrupted"])
        EvalRun.objects.filter(pk__in=keys).update(status=Status.PENDING)
        ends.trials_go_on(keys)

    def judge(self) -> None:
        """Anew, with another verdict."""
        passed = self.chance.choice([True, False, None])
        reason = "behaviour_not_met" if passed is False else ""
        Trial.objects.filter(pk__in=self.some(finished_at__isnull=False, first_reason__in=["", "behaviour_not_met"])).update(
            passed=passed, first_reason=reason
        )

    def move(self) -> None:
        """To another day: only the plain rows, which stand for what somebody loads from elsewhere."""
        for trial in Trial.objects.filter(pk__in=self.some(finished_at__isnull=False)):
            at = datetime.now(UTC) - timedelta(days=self.chance.randint(0, DAYS))
            trial.finished_at = at
            trial.save()
            trial.run.mentions.update(day=at.date())
            trial.run.citations.update(day=at.date())

    def pass_(self) -> None:
        batch = batch_factories.batch(project=self.project(), source_type="custom_evals")
        at = datetime.now(UTC) - timedelta(days=self.chance.randint(0, DAYS))
        for place in (0, 1):
            batch_factories.trial(batch=batch, subject=place, passed=self.chance.choice([True, False]), finished_at=at)

    def go(self) -> None:
        EvalRun.objects.filter(pk__in=self.some()).delete()

    def go_raw(self) -> None:
        keys = self.some()
        Mention.objects.filter(run__in=keys)._raw_delete("default")
        Trial.objects.filter(pk__in=keys)._raw_delete("default")
        EvalRun.objects.filter(pk__in=keys).delete()

    def batch_goes(self) -> None:
        batch = Batch.objects.order_by("created_at").first()
        if batch:
            EvalRun.objects.filter(batch=batch).update(status=Status.COMPLETED)
            while remove_final(batch.pk):
                pass

    def check(self) -> None:
        for table in TABLES:
            assert kept(table) == counted(table)
        for project in self.projects:
            self._check_voice(project)
            self._check_results(project)

    def _check_voice(self, project: Project) -> None:
        offered = choice(project=project, today=self.today, days=7)
        topic = self.chance.choice([None, *[topic.key for topic in offered.topics]])
        filters: Any = ({}, {"demo": True}, {"platform": "chat"}, {"topic_id": topic}, {"topic_id": topic, "platform": "openai"})
        for given in filters:
            wanted = Wanted(self.today, 7, **given)
            assert shown(voice(project=project, wanted=wanted, offered=offered)) == plain_voice(project, wanted), given

    def _check_results(self, project: Project) -> None:
        first = self.today - timedelta(days=6)
        for kind in ("prompts", "custom_evals"):
            got = trial_tally.passed_by_day(project_id=project.pk, source_type=kind, by="target_key", first=first)
            assert {(key, day): (n, passed) for key, day, n, passed in got} == plain_trends(project, kind, "target_key", first)
        every = Trial.objects.filter(project=project, source_type="custom_evals", passed__isnull=False)
        page = history_page(project=project, wanted=WantedRuns(result="failed"))
        assert (page.total, sum(one.count for one in page.targets)) == (every.filter(passed=False).count(), every.count())


@pytest.mark.parametrize("seed", range(6))
def test_after_any_writes_the_sums_are_those_of_a_recount(seed: int) -> None:
    life = Life(seed)
    for number in range(50):
        life.step()
        if number % 10 == 9:
            life.check()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_when_all_is_gone_no_row_is_left(table: SumTable) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table.name}")
        [before] = cursor.fetchone()
        project = factories.project()
        for text in ("Acme, then Globex.", "Acme.", ""):
            answer(text, project=project)
        EvalRun.objects.filter(project=project).delete()
        cursor.execute(f"SELECT count(*) FROM {table.name}")
        assert cursor.fetchone() == (before,)


def test_what_waits_or_came_to_nothing_is_not_counted() -> None:
    before = kept(trial_tally.TABLE)
    made = batch_make([prompt_subject()], [target("demo/agent")])
    assert kept(trial_tally.TABLE) == before
    ends.trials_end(list(made.trials.values_list("pk", flat=True)), Status.CANCELLED)
    assert kept(trial_tally.TABLE) == before


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_was_there_before_is_counted_when_it_is_installed(table: SumTable) -> None:
    project = factories.project()
    table.kept.remove(connection)
    answer("Acme, then Globex.", project=project, days_ago=3)
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    answer("Acme.", project=project)
    assert kept(table) == counted(table)
    assert len([key for key in kept(table) if uuid.UUID(key[0]) == project.pk]) >= 2
