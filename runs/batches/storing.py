"""Writes what was chosen: a batch and its frozen subjects, and rings for a worker once that is committed."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from runs.batches.chosen import Chosen, Subject
from runs.budget import admit
from runs.models import Batch, BatchSubject, Target
from runs.services import ring


@transaction.atomic
def batch_store(batch: Batch, chosen: Chosen) -> Batch:
    """Write the batch with its frozen subjects, if the budget lets it begin. Raises BudgetSpent.

    Starts of a project pass here one after the other. The schedule has asked before, in its own transaction, to tell targets why not.
    """
    admit(batch.project)
    batch.source_type = chosen.source_type
    batch.source_id = uuid.UUID(chosen.source["id"]) if chosen.source else None
    batch.source_label = chosen.source["label"] if chosen.source else ""
    batch.source_snapshot = dict(chosen.source) if chosen.source else {}
    batch.targets = [target.frozen for target in chosen.targets]
    batch.profiles, batch.brands = list(chosen.profiles), list(chosen.brands)
    batch.cells = [list(cell) for cell in chosen.cells]
    batch.total = len(chosen.cells)
    batch.eval_count, batch.model_count = len(chosen.subjects), len(chosen.targets)
    batch.estimated_cost_usd, batch.uses_demo = chosen.estimated_cost_usd, chosen.uses_demo
    batch.save()
    subjects = (BatchSubject(batch=batch, index=index, **_columns(subject)) for index, subject in enumerate(chosen.subjects))
    BatchSubject.objects.bulk_create(subjects, batch_size=200)
    _say_left_out(chosen)
    transaction.on_commit(ring, robust=True)
    return batch


def _columns(subject: Subject) -> dict[str, Any]:
    names = ("ref", "definition", "label", "group_id", "group", "eval_type", "snapshot")
    return {name: getattr(subject, name) for name in names}


def _say_left_out(chosen: Chosen) -> None:
    """Configured targets that could not be asked say so themselves."""
    for row, reason in chosen.unaskable:
        Target.objects.filter(pk=row.pk).update(last_skipped_at=timezone.now(), skip_reason=reason[:500])
