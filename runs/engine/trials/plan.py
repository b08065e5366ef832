"""What a trial is to do, read from the frozen copies of its batch: a few queries for all that were claimed together. Called by load."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from agents.harnesses import BUILT_IN
from agents.llm.errors import LLMError
from runs.batches.snapshots import DefinitionSnapshot, ProfileSnapshot, SourceSnapshot, TargetSnapshot
from runs.engine.trials.mentions import Brand, brands_of
from runs.models import Batch, TargetType, Trial
from templates_app.models import SourceType

DEFAULT_PASS_SCORE = 70.0  # of prompts, whose templates name none
WORK_OF_AGENTS = frozenset({SourceType.SDK, SourceType.CLI, SourceType.CUSTOM_EVALS})
BATCHES_KEPT = 8  # their sources may have documents of a megabyte
READ = (
    *("run_id", "project_id", "batch_id", "source_type", "target_type", "platform", "group_id", "label"),
    *("target_index", "profile_index", "subject__snapshot"),
)


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
    brands: Sequence[Brand] = field(default=())

    @property
    def is_agent(self) -> bool:
        """Whether a coding agent works on it, not a model."""
        return self.target_type == TargetType.AGENT

    def is_given(self, variable: str) -> bool:
        """Whether the program that works on it has this variable of the environment.

        A model's program has all. A coding agent has those that its harness names; a built-in one has all where it does the work itself,
        and its own where EvalHub sends the request, or nothing but an answer is wanted.
        """
        harness = self.target["harness"]
        if harness is None:
            return True
        if harness["built_in"]:
            return self.source_type in WORK_OF_AGENTS or BUILT_IN[harness["name"]].owns(variable)
        return not harness["environment_names"] or variable in harness["environment_names"]

    @property
    def definition(self) -> DefinitionSnapshot:
        """How a task is asked and judged; prompts have none."""
        found: DefinitionSnapshot = self.subject["definition"]
        return found

    @property
    def base_url(self) -> str:
        """Where requests go: the profile's address, else the source's; "" where neither has one."""
        return (self.profile and self.profile["base_url"]) or (self.source and self.source["base_url"]) or ""

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """Hosts that the profile opens to a sandbox."""
        return tuple(self.profile["allowed_hosts"]) if self.profile else ()

    @property
    def variable_names(self) -> Sequence[str]:
        """Names of the profile's variables, where the definition says that a model is told them; values it never is."""
        return self.profile["variable_names"] if self.profile and self.definition["include_env_vars"] else ()

    @property
    def context(self) -> str:
        """What the definition says beside the task, as a part of what is told; "" where it says nothing."""
        told = self.definition["run_context"]
        return f"Context:\n{json.dumps(told, ensure_ascii=False, indent=2)}" if told else ""

    @property
    def pass_score(self) -> float:
        """What the judge's score is held against."""
        return DEFAULT_PASS_SCORE if self.source_type == SourceType.PROMPTS else self.definition["pass_score"]


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What all children of a batch share. It never changes, so a process reads it once."""

    targets: Sequence[TargetSnapshot]
    profiles: Sequence[ProfileSnapshot]
    brands: tuple[Brand, ...]
    source: SourceSnapshot | None


def load_plans(run_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, TrialPlan | LLMError]:
    """By run, those that are trials. One query, and one a batch that was not met before.

    Gone where the batch or its copy of the subject was deleted: the subject goes with the batch, so who has a subject has a batch.
    """
    rows = [dict(zip(READ, row, strict=True)) for row in Trial.objects.filter(pk__in=run_ids).order_by().values_list(*READ)]
    plans: dict[uuid.UUID, TrialPlan | LLMError] = {row["run_id"]: _plan(row) for row in rows}
    if len(plans) < len(run_ids):
        left = Trial.objects.filter(pk__in=[run_id for run_id in run_ids if run_id not in plans])
        plans |= {run_id: _gone() for run_id in left.order_by().values_list("pk", flat=True)}
    return plans


def _plan(row: Mapping[str, Any]) -> TrialPlan | LLMError:
    try:
        shared = _frozen(row["batch_id"])
    except Batch.DoesNotExist:
        return _gone()
    return TrialPlan(
        run_id=row["run_id"],
        project_id=row["project_id"],
        source_type=row["source_type"],
        target_type=row["target_type"],
        platform=row["platform"],
        topic_id=row["group_id"],
        label=row["label"],
        subject=row["subject__snapshot"],
        target=shared.targets[row["target_index"]],
        profile=None if row["profile_index"] is None else shared.profiles[row["profile_index"]],
        source=shared.source,
        brands=shared.brands,
    )


@lru_cache(maxsize=BATCHES_KEPT)
def _frozen(batch_id: uuid.UUID) -> _Frozen:
    """Raises Batch.DoesNotExist."""
    batch = Batch.objects.only("targets", "profiles", "brands", "source_snapshot").get(pk=batch_id)
    return _Frozen(batch.targets, batch.profiles, brands_of(batch.brands), batch.source_snapshot or None)


def _gone() -> Gone:
    return Gone("The batch that this run belonged to was deleted, and with it what it was to ask.")
