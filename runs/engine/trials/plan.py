"""What a trial is to do, read from the frozen copies of its batch: a few queries for all that were claimed together. Called by load."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.llm.errors import LLMError
from runs.batches.snapshots import BrandSnapshot, DefinitionSnapshot, ProfileSnapshot, SourceSnapshot, TargetSnapshot
from runs.models import Batch, BatchSubject, TargetType, Trial
from templates_app.models import SourceType

DEFAULT_PASS_SCORE = 70.0  # of prompts, whose templates name none


class Gone(LLMError):
    """What the trial was to ask is not there any more."""

    code = "source_gone"


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """One trial. All of it is as the batch froze it (runs.batches.snapshots); `profile` has no values of variables."""

    run_id: uuid.UUID
    project_id: uuid.UUID
    source_type: str
    target_type: str
    platform: str
    topic_id: uuid.UUID | None
    label: str
    subject: Mapping[str, Any]
    target: TargetSnapshot
    source: SourceSnapshot | None = None
    profile: ProfileSnapshot | None = None
    brands: Sequence[BrandSnapshot] = field(default=())

    @property
    def is_agent(self) -> bool:
        """Whether a coding agent works on it, not a model."""
        return self.target_type == TargetType.AGENT

    @property
    def definition(self) -> DefinitionSnapshot:
        """How a task is asked and judged; prompts have none."""
        found: DefinitionSnapshot = self.subject["definition"]
        return found

    @property
    def pass_score(self) -> float:
        """What the judge's score is held against."""
        return DEFAULT_PASS_SCORE if self.source_type == SourceType.PROMPTS else self.definition["pass_score"]


def load_plans(run_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, TrialPlan | LLMError]:
    """By run, those that are trials. Three queries. Gone where the batch or its copy of the subject was deleted."""
    trials = list(Trial.objects.filter(pk__in=run_ids))
    if not trials:
        return {}
    subjects = BatchSubject.objects.in_bulk({trial.subject_id for trial in trials})
    batches = Batch.objects.only("targets", "profiles", "brands", "source_snapshot").in_bulk({trial.batch_id for trial in trials})
    return {trial.pk: _plan(trial, batches.get(trial.batch_id), subjects.get(trial.subject_id)) for trial in trials}


def _plan(trial: Trial, batch: Batch | None, subject: BatchSubject | None) -> TrialPlan | LLMError:
    if batch is None or subject is None:
        return Gone("The batch that this run belonged to was deleted, and with it what it was to ask.")
    return TrialPlan(
        run_id=trial.pk,
        project_id=trial.project_id,
        source_type=trial.source_type,
        target_type=trial.target_type,
        platform=trial.platform,
        topic_id=trial.group_id,
        label=trial.label,
        subject=subject.snapshot,
        target=batch.targets[trial.target_index],
        profile=None if trial.profile_index is None else batch.profiles[trial.profile_index],
        source=batch.source_snapshot or None,
        brands=batch.brands,
    )
