"""What a child tells its batch: that it goes on, and that it is deleted. Imports the models only, so that runs.services may call it.

The child is locked first, here as everywhere: who locked its batch first would wait for whoever holds the child, and be waited for.
"""

import uuid
from collections import Counter
from typing import Any

from django.utils import timezone

from runs.models import Batch
from runs.states import Status


def reopen(batch_id: uuid.UUID) -> bool:
    """An interrupted batch goes on, since a child of it does. False where the batch is over otherwise, or is being summarized."""
    batch = Batch.objects.select_for_update().only("status", "cancel_requested_at").filter(pk=batch_id).first()
    if batch is None or batch.status not in (Status.PENDING, Status.RUNNING, Status.INTERRUPTED):
        return False
    if batch.status == Status.INTERRUPTED:
        untold: dict[str, Any] = {"error_code": "", "error_reason": "", "completed_at": None, "cancel_requested_at": None, "summary": {}}
        Batch.objects.filter(pk=batch_id).update(status=Status.RUNNING, updated_at=timezone.now(), **untold)
    return True


def count_removed(batch_id: uuid.UUID, statuses: Counter[str]) -> None:
    """Keep the count of children that are being deleted. Call it in the transaction that deletes them."""
    batch = Batch.objects.select_for_update().only("removed").filter(pk=batch_id).first()
    if batch:
        batch.removed = dict(Counter(batch.removed) + statuses)
        batch.save(update_fields=["removed", "updated_at"])
