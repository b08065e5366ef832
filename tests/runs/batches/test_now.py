"""A target that is run at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from runs.batches.now import target_run
from runs.batches.request import NothingToRun
from runs.models import Target
from templates_app.models import Prompt, PromptTopic
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_asks_what_the_schedule_would_ask_and_keeps_its_time() -> None:
    project = factories.project()
    topic = PromptTopic.objects.create(project=project, name="Pricing")
    Prompt.objects.create(project=project, topic=topic, text="Which is cheapest?")
    later = timezone.now() + timedelta(hours=3)
    row = Target.objects.create(
        project=project, source_type="prompts", execution_platform="demo", model_id="agent", next_run_at=later, skip_reason="before"
    )
    Target.objects.create(project=project, source_type="prompts", execution_platform="demo", model_id="judge")
    made = target_run(target_id=row.pk, project=project)
    assert (made.total, made.trigger, [target["label"] for target in made.targets]) == (1, "page", ["demo/agent"])
    row.refresh_from_db()
    assert (row.next_run_at, row.skip_reason) == (later, "")
    assert row.last_run_at is not None


def test_nothing_is_stored_where_there_is_nothing_to_ask() -> None:
    project = factories.project()
    row = Target.objects.create(project=project, source_type="prompts", execution_platform="demo", model_id="agent")
    with pytest.raises(NothingToRun, match="No active prompts"):
        target_run(target_id=row.pk, project=project)
    assert not project.batches.exists()


def test_another_projects_target_is_not_there() -> None:
    row = Target.objects.create(project=factories.project(), source_type="prompts", execution_platform="demo", model_id="agent")
    with pytest.raises(Target.DoesNotExist):
        target_run(target_id=row.pk, project=factories.project())
