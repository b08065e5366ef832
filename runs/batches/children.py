"""What happens to many children of a batch at once: cancelled while they wait, resumed, removed. Some hundreds in one transaction each.

A child is locked before its batch, as wherever one is deleted: two who went the other way round would wait for each other.
"""

import uuid
from collections import Counter

from django.db import connection, models, transaction
from django.utils import timezone

from runs import ends
from runs.batches.reopening import count_removed, reopen
from runs.events import log
from runs.events.types import FinalStatus, Retrying
from runs.models import EvalRun
from runs.models.run import RunQuerySet
from runs.states import FINAL, Status

AT_ONCE = 500
NOT_STARTED = "Cancelled with its batch, before it started."


@transaction.atomic
def cancel_waiting(batch_id: uuid.UUID) -> int:
    """End children that wait for a worker. Returns how many; those that somebody holds just now are left for the next time."""
    runs = _locked(EvalRun.objects.filter(batch=batch_id, status=Status.PENDING))
    columns = {"status": Status.CANCELLED, "error_code": Status.CANCELLED.value, "error_reason": NOT_STARTED}
    now = timezone.now()
    EvalRun.objects.filter(pk__in=[run.pk for run in runs]).update(**columns, completed_at=now, updated_at=now, **ends.FREE)
    ends.trials_end([run.pk for run in runs], Status.CANCELLED)
    log.append_each(runs, [FinalStatus(message=NOT_STARTED, status=Status.CANCELLED, error_reason=NOT_STARTED)])
    return len(runs)


@transaction.atomic
def resume_interrupted(batch_id: uuid.UUID) -> int:
    """Let interrupted children wait again, with a fresh count of attempts, and their batch go on. Returns how many."""
    runs = _locked(EvalRun.objects.filter(batch=batch_id, status=Status.INTERRUPTED))
    if runs:
        untold = {"error_code": "", "error_reason": "", "completed_at": None, "cancel_requested_at": None}
        again = EvalRun.objects.filter(pk__in=[run.pk for run in runs])
        again.update(status=Status.PENDING, attempt=0, updated_at=timezone.now(), **untold, **ends.FREE)
        ends.trials_go_on([run.pk for run in runs])
        log.append_each(runs, [Retrying(message="The batch was resumed by hand. It goes on after what is done.")])
        reopen(batch_id)
    return len(runs)


@transaction.atomic
def remove_final(batch_id: uuid.UUID) -> int:
    """Delete children that are over, with all that belongs to them. The batch keeps their count. Returns how many."""
    runs = _locked(EvalRun.objects.filter(batch=batch_id, status__in=FINAL))
    if runs:
        ids = [run.pk for run in runs]
        count_removed(batch_id, Counter(run.status for run in runs))
        models.QuerySet.delete(EvalRun.objects.filter(pk__in=ids))  # not RunQuerySet's: these are locked in order, and nobody writes them
        log.announce(ids)
    return len(runs)


def _locked(runs: RunQuerySet) -> list[EvalRun]:
    """Some of them, locked in the order of their keys; those that are locked already are left out where the database can do that."""
    skips = connection.features.has_select_for_update_skip_locked
    few = runs.order_by("pk").only("status", "next_seq", "total_sessions", "total_turns", "simulation_cost_usd", "evaluation_cost_usd")
    return list(few.select_for_update(skip_locked=skips)[:AT_ONCE])
