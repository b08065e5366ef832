"""Children out of cells: some hundreds in one transaction, and with them the cursor that says how many exist.

The cursor moves in the transaction that writes the children, under the batch's row lock, so that whoever is killed leaves none half made
and whoever goes on makes none twice; (batch, position) is unique beside that. What is written is put together before the lock is taken:
SQLite has one writer, and the runs that are driven want it too.
"""

import secrets
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from runs.batches.snapshots import TargetSnapshot, agent_snapshot
from runs.engine.writes import insert
from runs.models import Batch, BatchSubject, EvalRun, Trial
from runs.states import Status

AT_ONCE = 250
MANY = 1000  # children of which a plan made for few is noticed
Row = list[Any]
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
        if not runs or not _write(batch_id, dispatched, runs, trials):
            return 0
        if dispatched + len(runs) == len(plan.cells) >= MANY:
            statistics_renew()
        return len(runs)

    def _plan(self, batch_id: uuid.UUID) -> Plan | None:
        if batch_id not in self._plans:
            batch = Batch.objects.filter(pk=batch_id).defer("request", "summary", "source_snapshot").first()
            if batch is None:
                return None
            self._plans[batch_id] = Plan(batch, batch.cells, batch.targets)
            while len(self._plans) > PLANS_KEPT:
                self._plans.popitem(last=False)
        return self._plans[batch_id]


def statistics_renew() -> None:
    """Let PostgreSQL count the rows now. By itself it does so within a minute or more; until then it takes a new batch for a handful of
    rows, and reads its pages by plans that compare every child with every other.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE (SKIP_LOCKED) " + ", ".join(model._meta.db_table for model in (BatchSubject, EvalRun, Trial)))


@transaction.atomic
def _write(batch_id: uuid.UUID, dispatched: int, runs: Sequence[Row], trials: Sequence[Row]) -> bool:
    batch = Batch.objects.select_for_update().filter(pk=batch_id).only("dispatched", "status", "started_at", "cancel_requested_at").first()
    if batch is None or batch.dispatched != dispatched or batch.cancel_requested_at or batch.is_final:
        return False
    # Past the ORM, which would take most of the time, and all of it under the lock.
    insert(EvalRun, _names(EvalRun), runs)
    insert(Trial, _names(Trial), trials)
    now = timezone.now()
    Batch.objects.filter(pk=batch_id).update(
        dispatched=dispatched + len(runs), status=Status.RUNNING, started_at=batch.started_at or now, updated_at=now
    )
    return True


def _children(plan: Plan, first: int, cells: Sequence[Sequence[Any]]) -> tuple[list[Row], list[Row]]:
    """Rows of runs and of trials. One query, for the subjects of these cells."""
    subjects = {row.index: row for row in BatchSubject.objects.filter(batch=plan.batch, index__in={cell[0] for cell in cells})}
    now, runs, trials = timezone.now(), [], []
    for offset, (subject, target, profile) in enumerate(cells):
        asked, whom = subjects[subject], plan.targets[target]
        run = _run(plan.batch, asked, whom, now)
        runs.append(_row(EvalRun, run))
        place = {"run_id": run["id"], "position": first + offset, "target_index": target, "profile_index": profile, "created_at": now}
        trials.append(_row(Trial, place | _trial(plan.batch, asked, whom)))
    return runs, trials


def _run(batch: Batch, subject: BatchSubject, target: TargetSnapshot, now: datetime) -> dict[str, Any]:
    template, judge = subject.snapshot.get("template") or {}, subject.snapshot.get("judge_model") or ""
    template_id = template.get("template_id")
    return {
        "id": _next_id(now),
        "created_at": now,
        "updated_at": now,
        "project_id": batch.project_id,
        "kind": EvalRun.Kind.TRIAL,
        "batch_id": batch.pk,
        "agent_name": target["label"],
        "agent_model": target["model"] or f"{target['execution_platform']}/{target['model_id']}",
        "agent_snapshot": agent_snapshot(target),
        "template_id": uuid.UUID(template_id) if template_id else None,
        "template_snapshot": template,
        "judge_model": judge,
        "uses_demo": target["is_demo"] or judge.startswith("demo/"),
        "planned_turns": 1,
        "max_cost_usd": batch.max_cost_usd,
    }


def _next_id(now: datetime) -> uuid.UUID:
    """UUID version 7, the milliseconds first: with random ids every row changed another page of each index that holds them."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    return uuid.UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def _trial(batch: Batch, subject: BatchSubject, target: TargetSnapshot) -> dict[str, Any]:
    return {
        "project_id": batch.project_id,
        "batch_id": batch.pk,
        "subject_id": subject.pk,
        "subject_index": subject.index,
        "source_type": batch.source_type,
        "source_id": batch.source_id,
        "ref": subject.ref,
        "label": subject.label,
        "group_id": subject.group_id,
        "group": subject.group,
        "eval_type": subject.eval_type,
        "target_type": target["target_type"],
        "target_key": target["key"],
        "platform": target["platform"],
        "model": target["model_id"],
    }


def _row(model: type[Model], values: Mapping[str, Any]) -> Row:
    """All columns, the rest of them as a new object has them."""
    return [values.get(name, default) for name, default in _defaults(model).items()]


@cache
def _defaults(model: type[Model]) -> dict[str, Any]:
    blank = model()
    return {name: getattr(blank, name) for name in _names(model)}


@cache
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)
