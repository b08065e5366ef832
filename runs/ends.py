"""Ends of runs that nobody drives: cancelled or interrupted, written past the journal. For leases, the sweep and runs.services.

The caller holds the run's row lock. Without its lease no worker can write to the run any more.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from runs.events import log
from runs.events.types import Error, Event, FinalStatus
from runs.models import EvalRun, Trial
from runs.models.run import RunQuerySet
from runs.states import Status

FREE: dict[str, Any] = {"lease_token": None, "lease_owner": None, "lease_expires_at": None}
WISHED = "Cancelled on request, after its worker had left it."


def cancel(run: EvalRun, reason: str) -> None:
    """Somebody asked for it."""
    _end(run, Status.CANCELLED, reason)


def cancel_wished(runs: RunQuerySet) -> int:
    """End those that somebody asked to stop: a wish outlives the worker that was to hear it. Call it in a transaction."""
    wished = list(runs.exclude(cancel_requested_at=None).select_for_update().order_by("pk"))
    for run in wished:
        cancel(run, WISHED)
    return len(wished)


def interrupt(run: EvalRun) -> None:
    """No attempt is left."""
    reason = f"Its worker died or went silent {run.attempt} times in a row. What was done is kept; resume the run to go on."
    _end(run, Status.INTERRUPTED, reason, [Error(message=reason, error={"code": Status.INTERRUPTED.value, "message": reason})])


def columns_save(run: EvalRun, columns: Mapping[str, Any]) -> None:
    """Write these columns and no others: a worker may be writing the rest."""
    for name, value in columns.items():
        setattr(run, name, value)
    run.save(update_fields=[*columns, "updated_at"])


def _end(run: EvalRun, status: Status, reason: str, said_before: Sequence[Event] = ()) -> None:
    columns_save(run, {"status": status, "error_code": status.value, "error_reason": reason, "completed_at": timezone.now(), **FREE})
    if run.kind == EvalRun.Kind.TRIAL:
        trials_end([run.pk], status)
    log.append(run, [*said_before, FinalStatus(message=reason, status=status, error_reason=reason)])


def trials_end(run_ids: Sequence[uuid.UUID], status: Status) -> None:
    """What stands in the trials of runs that end cancelled or interrupted. One statement; whoever ends many runs at once calls it too."""
    Trial.objects.filter(pk__in=run_ids).update(failure_reasons=[status.value], first_reason=status.value, finished_at=timezone.now())


def trials_go_on(run_ids: Sequence[uuid.UUID]) -> None:
    """Forget how the trials of resumed runs ended."""
    Trial.objects.filter(pk__in=run_ids).update(failure_reasons=[], first_reason="", finished_at=None)
