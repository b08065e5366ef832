"""What migrations do to rows that are there."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps

from runs.models import CallTally, Citation, EvalRun, Mention, ModelCall, Trial
from tests import factories
from tests.support.answers import answer

pytestmark = pytest.mark.django_db
outlive = import_module("runs.migrations.0002_outlive_what_they_name")
tally = import_module("runs.migrations.0006_tally_calls_of_before")
answers = import_module("runs.migrations.0015_what_answers_say_in_their_trials")


def test_ids_that_were_lost_with_their_rows_come_back_from_the_snapshots() -> None:
    lost, whole = (factories.finished_run(project=factories.project()) for _ in range(2))
    kept = (lost.agent_id, lost.template_id, lost.adaptation_template_id)
    EvalRun.objects.filter(pk=lost.pk).update(agent=None, template=None, adaptation_template=None)
    EvalRun.objects.filter(pk=whole.pk).update(agent_snapshot={"agent_id": str(uuid.UUID(int=1))})
    outlive.ids_from_snapshots(apps, None)
    lost.refresh_from_db()
    assert (lost.agent_id, lost.template_id, lost.adaptation_template_id) == kept
    assert EvalRun.objects.get(pk=whole.pk).agent_id == whole.agent_id


def test_a_run_that_never_had_templates_gets_none() -> None:
    run = factories.run(project=factories.project())
    outlive.ids_from_snapshots(apps, None)
    run.refresh_from_db()
    assert (run.template_id, run.adaptation_template_id) == (None, None)


def test_the_way_back_forgets_only_what_is_gone() -> None:
    run, other = (factories.finished_run(project=factories.project()) for _ in range(2))
    EvalRun.objects.filter(pk=run.pk).update(source_run=other)
    run.agent.delete()
    other.delete()
    outlive.forget_what_is_gone(apps, None)
    kept = (run.template_id, run.adaptation_template_id)
    run.refresh_from_db()
    assert (run.agent_id, run.source_run_id) == (None, None)
    assert (run.template_id, run.adaptation_template_id) == kept


def call(run: EvalRun, **columns: object) -> None:
    values = {"model": "openai/gpt-4o", "input_tokens": 100, "output_tokens": 10, "price_usd": Decimal("0.25")}
    late = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    ModelCall.objects.create(**{"run": run, "purpose": "agent", "created_at": late, **values, **columns})


def tallied() -> list[CallTally]:
    return list(CallTally.objects.order_by("day", "purpose", "id"))


def test_calls_of_before_are_added_up_by_project_day_model_and_purpose() -> None:
    ours, theirs = (factories.run(project=factories.project()) for _ in range(2))
    call(ours)
    call(ours, attempt=2, price_usd=None)
    call(ours, error="timeout", input_tokens=None, output_tokens=None, price_usd=None)
    call(ours, purpose="judge")
    call(ours, created_at=datetime(2026, 3, 4, 0, 30, tzinfo=UTC))
    call(theirs, purpose="user")
    tally.tally_calls(apps, None)
    agent, judge, other, next_day = tallied()
    assert (agent.day, agent.project_id, agent.model) == (date(2026, 3, 3), ours.project_id, "openai/gpt-4o")
    assert (agent.calls, agent.failed, agent.retries, agent.unpriced) == (3, 1, 1, 1)
    assert (agent.input_tokens, agent.output_tokens, agent.price_usd) == (200, 20, Decimal("0.25"))
    assert (judge.purpose, judge.calls, other.project_id) == ("judge", 1, theirs.project_id)
    assert (next_day.day, next_day.calls) == (date(2026, 3, 4), 1)


def test_adding_up_again_counts_nothing_twice() -> None:
    call(factories.run(project=factories.project()))
    tally.tally_calls(apps, None)
    tally.tally_calls(apps, None)
    assert [row.calls for row in tallied()] == [1]


def test_what_answers_say_comes_into_their_trials_and_of_whom_into_their_mentions() -> None:
    project = factories.project()
    real = answer("Globex, Acme and Acme. https://a.example/", project=project)
    demo = answer("Globex. https://a.example/", project=project, platform="demo")
    kept = [(trial.own_mentions, trial.all_mentions, trial.own_rank) for trial in (real, demo)]
    Trial.objects.update(own_mentions=0, all_mentions=0, own_rank=None)
    for model in (Mention, Citation):
        model.objects.update(demo=False)
    answers.fill(apps, None)
    found = Trial.objects.in_bulk([real.pk, demo.pk])
    assert [(trial.own_mentions, trial.all_mentions, trial.own_rank) for trial in map(found.get, (real.pk, demo.pk)) if trial] == kept
    assert kept == [(2, 3, 2), (0, 1, None)]
    for model in (Mention, Citation):
        assert set(model.objects.values_list("run", "demo")) == {(real.pk, False), (demo.pk, True)}
