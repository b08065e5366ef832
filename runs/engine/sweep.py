"""What nobody else notices: runs whose worker died with no attempt left, and waiting runs whose ring was lost.

Called every minute by the queue.
"""

import uuid

from django.db import transaction
from django.utils import timezone

from runs.engine.clock import CLOCK
from runs.events import log
from runs.events.types import Error, Event, FinalStatus
from runs.models import EvalRun
from runs.states import Status


def run_sweep() -> int:
    """End abandoned runs as interrupted. Returns how many."""
    at = CLOCK.now()
    if not CLOCK.believed:
        return 0
    ids = list(EvalRun.objects.abandoned(at).values_list("id", flat=True)[:500])
    return sum(_interrupt(run_id) for run_id in ids)


@transaction.atomic
def _interrupt(run_id: uuid.UUID) -> int:
    run = EvalRun.objects.select_for_update().abandoned(CLOCK.now()).filter(pk=run_id).first()
    if run is None:  # its worker came back, or another sweep was faster
        return 0
    reason = f"Its worker went silent {run.attempt} times in a row. What was done is kept; resume the run to go on."
    run.status, run.error_code, run.error_reason = Status.INTERRUPTED, "interrupted", reason
    run.completed_at = timezone.now()
    run.lease_token = run.lease_owner = run.lease_expires_at = None
    columns = ["status", "error_code", "error_reason", "completed_at", "lease_token", "lease_owner", "lease_expires_at", "updated_at"]
    run.save(update_fields=columns)
    events: list[Event] = [
        Error(message=reason, error={"code": run.error_code, "message": reason}),
        FinalStatus(message=reason, status=run.status, error_reason=reason),
    ]
    log.append(run, events)
    return 1
