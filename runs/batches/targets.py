"""Configured targets: whom a project asks by default and how often. Pages and API call these; every target is checked before it is kept."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.batches.named import refuse_unknown, rows_named
from runs.batches.request import BadTarget, BadValue, Loc, TargetSpec
from runs.batches.schedule import first_time
from runs.batches.whom import MOST_TARGETS, Platforms
from runs.models import Frequency, Target
from templates_app.models import ApiSource, PromptTopic, SourceType

SAME = ("target_type", "execution_platform", "model_id", "prompt_platform_id", "prompt_topic_id")
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGiven:
    """A target as somebody configures it. `spec.enabled` says whether it is used; `id` is that of a stored one, where it is known."""

    spec: TargetSpec
    frequency: str = Frequency.DAILY
    id: str | None = None


def targets_of(project: Project, source_type: str, source: ApiSource | None) -> list[Target]:
    """All configured ones of prompts, of custom evals or of one source, the disabled ones too. One query."""
    return list(Target.objects.filter(project=project, source_type=source_type, source=source))


@transaction.atomic
def targets_replace(*, project: Project, source_type: str, source: ApiSource | None, targets: Sequence[TargetGiven]) -> list[Target]:
    """These and no others from now on. One that stays keeps its id and its times. Raises BadTarget, BadValue and UnknownId."""
    _alone(project)
    # Held in the order of the schedule, which moves their times on.
    rows = Target.objects.select_for_update().filter(project=project, source_type=source_type, source=source)
    stored = list(rows.order_by("pk"))
    refuse_unknown("target", {given.id for given in targets if given.id} - {str(row.pk) for row in stored})
    checked = _checked(project, source_type, targets)
    by_key = {_key_of(row): row for row in stored}
    kept = [_set(by_key.get(_key(given)) or _new(project, source_type, source, given), given) for given in checked]
    Target.objects.filter(pk__in=[row.pk for row in stored if row not in kept]).delete()
    for row in kept:
        row.save()
    return kept


@transaction.atomic
def target_create(*, project: Project, source_type: str, source: ApiSource | None, given: TargetGiven) -> Target:
    """Raises BadTarget, also where there is one like it."""
    [checked] = _checked(project, source_type, [given])
    _alone(project)
    if _key(checked) in {_key_of(row) for row in targets_of(project, source_type, source)}:
        raise BadTarget(("model_id",), "There is such a target already.")
    row = _set(_new(project, source_type, source, checked), checked)
    row.save()
    return row


@transaction.atomic
def target_update(*, target_id: uuid.UUID, project: Project, frequency: str | None = None, enabled: bool | None = None) -> Target:
    """How often it runs, and whether at all; who is asked never changes. Raises BadValue and Target.DoesNotExist."""
    row = Target.objects.select_for_update().get(pk=target_id, project=project)
    _check_frequency(frequency or row.frequency, ("frequency",))
    _time(row, frequency or row.frequency, row.enabled if enabled is None else enabled)
    row.save()
    return row


def target_delete(*, target_id: uuid.UUID, project: Project) -> None:
    """Batches that asked it keep their copy. Raises Target.DoesNotExist."""
    Target.objects.get(pk=target_id, project=project).delete()


def _alone(project: Project) -> None:
    """Whoever else adds targets to the project waits for the end of this transaction: two could find that the same one is not there."""
    Project.objects.select_for_update(no_key=True).filter(pk=project.pk).first()


def _checked(project: Project, source_type: str, targets: Sequence[TargetGiven]) -> list[TargetGiven]:
    """Each one that somebody can ask, and none twice. Names are as the platform has them."""
    if len(targets) > MOST_TARGETS:
        raise BadValue(("targets",), f"{MOST_TARGETS:,} targets are the most.")
    platforms = Platforms(project)
    topics = [given.spec.prompt_topic_id for given in targets if given.spec.prompt_topic_id]
    if topics:
        rows_named("prompt topic", topics, PromptTopic.objects.filter(project=project))
    found: dict[Key, TargetGiven] = {}
    for place, given in enumerate(targets):
        loc: Loc = ("targets", place)
        _check_frequency(given.frequency, (*loc, "frequency"))
        platforms.asked(given.spec, loc)
        spec = given.spec
        if source_type != SourceType.PROMPTS:
            spec = replace(spec, prompt_platform_id="", prompt_topic_id=None)
        elif spec.prompt_platform_id == spec.execution_platform:
            spec = replace(spec, prompt_platform_id="")
        kept = replace(given, spec=spec)
        if _key(kept) in found:
            raise BadTarget((*loc, "model_id"), f"{spec.execution_platform}/{spec.model_id} is in the list twice.")
        found[_key(kept)] = kept
    return list(found.values())


def _check_frequency(frequency: str, loc: Loc) -> None:
    if frequency not in Frequency.values:
        raise BadValue(loc, f"frequency is one of {', '.join(Frequency.values)}.")


def _new(project: Project, source_type: str, source: ApiSource | None, given: TargetGiven) -> Target:
    return Target(project=project, source_type=source_type, source=source, **dict(zip(SAME, _key(given), strict=True)))


def _set(row: Target, given: TargetGiven) -> Target:
    _time(row, given.frequency, given.spec.enabled)
    return row


def _time(row: Target, frequency: str, enabled: bool) -> None:
    """A target that begins to run by itself, or at another pace, begins with the next day; one that goes on as before keeps its time."""
    runs_by_itself = enabled and frequency != Frequency.MANUAL
    if not runs_by_itself:
        row.next_run_at = None
    elif row.next_run_at is None or row.frequency != frequency:
        row.next_run_at = first_time(timezone.now())
    row.frequency, row.enabled = frequency, enabled


def _key(given: TargetGiven) -> Key:
    spec = given.spec
    topic = uuid.UUID(spec.prompt_topic_id) if spec.prompt_topic_id else None
    return spec.target_type, spec.execution_platform, spec.model_id, spec.prompt_platform_id, topic


def _key_of(row: Target) -> Key:
    return tuple(getattr(row, name) for name in SAME)
