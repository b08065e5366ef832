"""What people configure: targets that can be asked, each once, with times that move only when the pace does."""

from dataclasses import replace

import pytest

from runs.batches.request import BadTarget, BadValue, TargetSpec, UnknownId
from runs.batches.targets import TargetGiven, target_create, target_delete, target_update, targets_of, targets_replace
from runs.models import Frequency, Target
from templates_app.models import SourceType
from tests import factories
from tests.support import asked

pytestmark = pytest.mark.django_db
DAILY = TargetGiven(spec=asked.AGENT)
MANUAL = TargetGiven(spec=asked.USER, frequency=Frequency.MANUAL)


def test_replacing_keeps_what_stays_and_removes_what_does_not() -> None:
    project = factories.project()
    kept, gone = targets_replace(project=project, source_type="prompts", source=None, targets=[DAILY, MANUAL])
    assert (kept.next_run_at is not None, gone.next_run_at) == (True, None)
    weekly = TargetGiven(spec=replace(asked.AGENT, model_id="judge"), frequency=Frequency.WEEKLY)
    again, new = targets_replace(project=project, source_type="prompts", source=None, targets=[DAILY, weekly])
    assert (again.pk, again.next_run_at, new.frequency) == (kept.pk, kept.next_run_at, "weekly")
    assert {row.pk for row in targets_of(project, "prompts", None)} == {kept.pk, new.pk}


def test_only_those_of_the_source_are_replaced() -> None:
    project = factories.project()
    first, second = asked.source(project), asked.source(project)
    for one in (first, second):
        targets_replace(project=project, source_type=SourceType.REST_API, source=one, targets=[DAILY])
    targets_replace(project=project, source_type=SourceType.REST_API, source=first, targets=[])
    assert [row.source for row in Target.objects.all()] == [second]


@pytest.mark.parametrize(
    ("spec", "loc"),
    [
        (TargetSpec(target_type="text", execution_platform="nowhere", model_id="x"), ("targets", 1, "execution_platform")),
        (TargetSpec(target_type="text", execution_platform="demo", model_id="poet"), ("targets", 1, "model_id")),
        (TargetSpec(target_type="agent", execution_platform="demo", model_id="agent"), ("targets", 1, "execution_platform")),
        (TargetSpec(target_type="text", execution_platform="codex", model_id="gpt-5"), ("targets", 1, "execution_platform")),
        (replace(asked.AGENT, prompt_platform_id="nowhere"), ("targets", 1, "prompt_platform_id")),
        (TargetSpec(target_type="agent", execution_platform="codex", model_id=""), ("targets", 1, "model_id")),
        (TargetSpec(target_type="text", execution_platform="demo", model_id="x" * 151), ("targets", 1, "model_id")),
        (asked.USER, ("targets", 1, "model_id")),
    ],
    ids=["platform", "model", "no agent", "an agent", "prompt platform", "no model", "long", "twice"],
)
def test_one_that_nobody_can_ask_is_refused_with_its_place(spec: TargetSpec, loc: tuple[object, ...]) -> None:
    project = factories.project()
    with pytest.raises(BadTarget) as refused:
        targets_replace(project=project, source_type="prompts", source=None, targets=[TargetGiven(spec=asked.USER), TargetGiven(spec=spec)])
    assert refused.value.loc == loc
    assert not Target.objects.exists()


def test_other_peoples_ids_are_unknown() -> None:
    project, other = factories.project(), factories.project()
    theirs = asked.target(other)
    with pytest.raises(UnknownId, match=str(theirs.pk)):
        targets_replace(project=project, source_type="prompts", source=None, targets=[replace(DAILY, id=str(theirs.pk))])
    spec = replace(asked.AGENT, prompt_topic_id=str(asked.topic(other).pk))
    with pytest.raises(UnknownId):
        target_create(project=project, source_type="prompts", source=None, given=TargetGiven(spec=spec))
    for write in (lambda: target_update(target_id=theirs.pk, project=project), lambda: target_delete(target_id=theirs.pk, project=project)):
        with pytest.raises(Target.DoesNotExist):
            write()


def test_the_time_changes_with_the_pace_alone() -> None:
    project = factories.project()
    row = target_create(project=project, source_type="prompts", source=None, given=DAILY)
    time = row.next_run_at
    assert target_update(target_id=row.pk, project=project, enabled=True).next_run_at == time
    assert target_update(target_id=row.pk, project=project, enabled=False).next_run_at is None
    assert target_update(target_id=row.pk, project=project, frequency="weekly").next_run_at is None
    assert target_update(target_id=row.pk, project=project, enabled=True).next_run_at == time
    with pytest.raises(BadValue, match="daily"):
        target_update(target_id=row.pk, project=project, frequency="hourly")
    with pytest.raises(BadTarget, match="already"):
        target_create(project=project, source_type="prompts", source=None, given=DAILY)
    target_delete(target_id=row.pk, project=project)
    assert not Target.objects.exists()


def test_too_many_targets_are_refused() -> None:
    many = [replace(DAILY, spec=replace(asked.AGENT, model_id=f"m{number}")) for number in range(2001)]
    with pytest.raises(BadValue, match="2,000 targets are the most"):
        targets_replace(project=factories.project(), source_type="prompts", source=None, targets=many)
