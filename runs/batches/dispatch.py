"""Children out of cells: some hundreds in one transaction, and with them the cursor that says how many exist.

The cursor moves in the transaction that writes the children, under the batch's row lock, so that whoever is killed leaves none half made
and whoever goes on makes none twice; (batch, position) is unique beside that. What is written is put together before the lock is taken:
SQLite has one writer, and the runs that are driven want it too.
"""

import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs.batches.snapshots import TargetSnapshot, agent_snapshot
from runs.models import Batch, BatchSubject, EvalRun, Trial
from runs.states import Status

AT_ONCE = 250
PLANS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays the same of a batch while its children are made."""

    batch: Batch
    cells: Sequence[Sequence[int | None]]
    targets: Sequence[TargetSnapshot]


class Dispatcher:
    """Makes children for one process. Cells are read once a batch: they may be a megabyte."""

    def __init__(self) -> None:
        self._plans: OrderedDict[uuid.UUID, Plan] = OrderedDict()

    def step(self, batch_id: uuid.UUID, dispatched: int, at_once: int = AT_ONCE) -> int:
        """Make the children from that number on. Returns how many; 0 where another was faster, or the batch was stopped or deleted."""
        plan = self._plan(batch_id)
        if plan is None:
            return 0
        runs, trials = _children(plan, dispatched, plan.cells[dispatched : dispatched + at_once])
        return len(runs) if runs and _write(batch_id, dispatched, runs, trials) else 0

    def _plan(self, batch_id: uuid.UUID) -> Plan | None:
        if batch_id not in self._plans:
            batch = Batch.objects.filter(pk=batch_id).defer("request", "summary", "source_snapshot").first()
            if batch is None:
                return None
            self._plans[batch_id] = Plan(batch, batch.cells, batch.targets)
            while len(self._plans) > PLANS_KEPT:
                self._plans.popitem(last=False)
        return self._plans[batch_id]


@transaction.atomic
def _write(batch_id: uuid.UUID, dispatched: int, runs: Sequence[EvalRun], trials: Sequence[Trial]) -> bool:
    batch = Batch.objects.select_for_update().filter(pk=batch_id).only("dispatched", "status", "started_at", "cancel_requested_at").first()
    if batch is None or batch.dispatched != dispatched or batch.cancel_requested_at or batch.is_final:
        return False
    EvalRun.objects.bulk_create(runs)
    Trial.objects.bulk_create(trials)
    now = timezone.now()
    Batch.objects.filter(pk=batch_id).update(
        dispatched=dispatched + len(runs), status=Status.RUNNING, started_at=batch.started_at or now, updated_at=now
    )
    return True


def _children(plan: Plan, first: int, cells: Sequence[Sequence[Any]]) -> tuple[list[EvalRun], list[Trial]]:
    """One query, for the subjects of these cells."""
    subjects = {row.index: row for row in BatchSubject.objects.filter(batch=plan.batch, index__in={cell[0] for cell in cells})}
    runs, trials = [], []
    for offset, (subject, target, profile) in enumerate(cells):
        run = _run(plan.batch, subjects[subject], plan.targets[target])
        runs.append(run)
        trials.append(_trial(run, plan.batch, first + offset, subjects[subject], (target, profile), plan.targets[target]))
    return runs, trials


def _run(batch: Batch, subject: BatchSubject, target: TargetSnapshot) -> EvalRun:
    template, judge = subject.snapshot.get("template") or {}, subject.snapshot.get("judge_model") or ""
    return EvalRun(
        project_id=batch.project_id,
        kind=EvalRun.Kind.TRIAL,
        batch=batch,
        agent_name=target["label"],
        agent_model=target["model"] or f"{target['execution_platform']}/{target['model_id']}",
        agent_snapshot=agent_snapshot(target),
        template_id=template.get("template_id") or None,
        template_snapshot=template,
        judge_model=judge,
        uses_demo=target["is_demo"] or judge.startswith("demo/"),
        planned_turns=1,
        max_cost_usd=batch.max_cost_usd,
    )


def _trial(
    run: EvalRun, batch: Batch, position: int, subject: BatchSubject, place: tuple[int, int | None], target: TargetSnapshot
) -> Trial:
    return Trial(
        run=run,
        project_id=batch.project_id,
        batch=batch,
        position=position,
        subject=subject,
        subject_index=subject.index,
        target_index=place[0],
        profile_index=place[1],
        source_type=batch.source_type,
        source_id=batch.source_id,
        ref=subject.ref,
        label=subject.label,
        group_id=subject.group_id,
        group=subject.group,
        eval_type=subject.eval_type,
        target_type=target["target_type"],
        target_key=target["key"],
        platform=target["platform"],
        model=target["model_id"],
    )
