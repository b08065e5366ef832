"""One configured target at once, whenever it is due: a write that people ask for, as in `services`."""

import uuid

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.batches.choosing import choose
from runs.batches.storing import batch_store
from runs.batches.whom import request_of
from runs.budget import refuse_when_spent
from runs.models import Batch, Target


def target_run(*, target_id: uuid.UUID, project: Project) -> Batch:
    """Start a batch of all that the target is asked by its schedule, also what it answered today. Its next time stays.

    Raises BatchRefused, BudgetSpent and Target.DoesNotExist.
    """
    row = Target.objects.get(pk=target_id, project=project)
    refuse_when_spent(project)
    request = request_of(row, force=True)
    chosen = choose(project, request, rows=[row])
    with transaction.atomic():
        made = batch_store(Batch(project=project, trigger=Batch.Trigger.PAGE, name=str(row), request=request.as_json()), chosen)
        Target.objects.filter(pk=row.pk).update(last_run_at=timezone.now(), skip_reason="")
    return made
