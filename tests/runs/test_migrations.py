"""What migrations do to rows that are there."""

import uuid
from importlib import import_module

import pytest
from django.apps import apps

from runs.models import EvalRun
from tests import factories

pytestmark = pytest.mark.django_db
outlive = import_module("runs.migrations.0002_outlive_what_they_name")


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
