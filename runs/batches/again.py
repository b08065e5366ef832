"""The same cells once more: what a batch froze, as if it had just been chosen. Prices and commands of agents are those of now."""

from collections.abc import Sequence

from agents.llm.errors import LLMError
from agents.llm.spec import ModelSpec
from runs.batches.chosen import Chosen, Subject, used_only
from runs.batches.estimate import estimated_cost
from runs.batches.matrix import FAILED
from runs.batches.request import NothingToRun
from runs.batches.snapshots import TargetSnapshot
from runs.batches.whom import Asked, Platforms
from runs.models import Batch, Trial


def chosen_again(batch: Batch, *, only_failed: bool) -> Chosen:
    """All cells, or those whose child failed, was interrupted or did not pass. Raises NothingToRun."""
    cells = [(cell[0], cell[1], cell[2]) for cell in batch.cells]
    if only_failed:
        positions = Trial.objects.filter(FAILED, batch=batch).order_by("position").values_list("position", flat=True)
        cells = [cells[position] for position in positions]
    if not cells:
        raise NothingToRun("No child of this batch failed, so there is nothing to run again.")
    platforms = Platforms(batch.project)
    subjects = _subjects(batch)
    chosen = used_only(
        Chosen(
            source_type=batch.source_type,
            subjects=subjects,
            targets=[_asked(platforms, target) for target in batch.targets],
            cells=cells,
            profiles=batch.profiles,
            brands=batch.brands,
            source=batch.source_snapshot or None,
        )
    )
    chosen.judges = _judges(platforms, chosen.subjects)
    chosen.estimated_cost_usd = estimated_cost(chosen)
    return chosen


def _subjects(batch: Batch) -> list[Subject]:
    return [
        Subject(
            ref=row.ref,
            label=row.label,
            snapshot=row.snapshot,
            definition=row.definition,
            group_id=row.group_id,
            group=row.group,
            eval_type=row.eval_type,
        )
        for row in batch.subjects.all()
    ]


def _asked(platforms: Platforms, target: TargetSnapshot) -> Asked:
    """A coding agent runs by the command of now: an owner who corrected it, or took it away, does not expect the old one to start again."""
    if target["target_type"] != "agent":
        return Asked(target, _spec(platforms, target))
    harness = platforms.harnesses.get(target["execution_platform"])
    if harness is None:
        raise NothingToRun(f"The coding agent {target['execution_platform']!r} is not in use any more, so this cannot be run again.")
    return Asked({**target, "harness": harness}, None)


def _spec(platforms: Platforms, target: TargetSnapshot) -> ModelSpec:
    try:
        return platforms.providers.spec(target["model"], part="agent")
    except LLMError as error:
        raise NothingToRun(error.message) from None


def _judges(platforms: Platforms, subjects: Sequence[Subject]) -> dict[str, ModelSpec]:
    names = {subject.snapshot["judge_model"] for subject in subjects}
    return {name: platforms.judge(name) for name in names if name}
