"""Writes asked for by people, and by the schedule: start, cancel, resume, run again and delete a batch.

API, pages and command parse, then call these. Children are made, and the batch is ended, by whoever works (`tick`).
"""

import contextlib
import time
import uuid
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.batches.again import chosen_again
from runs.batches.children import cancel_waiting, remove_final, resume_interrupted
from runs.batches.choosing import choose
from runs.batches.request import BatchRequest
from runs.batches.storing import batch_store
from runs.budget import refuse_when_spent
from runs.models import Batch, EvalRun
from runs.services import POLL_SECONDS, STOP_SECONDS, NotInterrupted, ring, run_stop
from runs.states import Status


class NotOver(Exception):
    """The batch is still going on, so its failures are not all known. Its text says what to do."""


def batch_create(
    *,
    project: Project,
    request: BatchRequest,
    trigger: str = Batch.Trigger.API,
    name: str = "",
    max_cost_usd: Decimal | None = None,
) -> Batch:
    """Store what the request comes to and ring for a worker. `max_cost_usd` is the limit of each child.

    Raises BatchRefused (NothingToRun, UnknownId, BadValue, BadTarget) and BudgetSpent; then nothing is stored.
    """
    refuse_when_spent(project)
    chosen = choose(project, request)
    batch = Batch(
        project=project,
        name=name[: Batch._meta.get_field("name").max_length],
        trigger=trigger,
        max_cost_usd=max_cost_usd,
        request=request.as_json(),
    )
    return batch_store(batch, chosen)


def batch_cancel(*, batch_id: uuid.UUID, project: Project) -> Batch:
    """Stop it: waiting children are never started, running ones are told to stop. One that is over stays what it is.

    Raises Batch.DoesNotExist.
    """
    with transaction.atomic():
        batch = Batch.objects.select_for_update().of(project).defer("cells").get(pk=batch_id)
        if batch.is_final or batch.cancel_requested_at:
            return batch
        batch.cancel_requested_at = timezone.now()
        batch.save(update_fields=["cancel_requested_at", "updated_at"])
    # Not under the batch's lock: whoever deletes a child holds that child while it waits for the batch.
    EvalRun.objects.filter(batch=batch, status=Status.RUNNING, cancel_requested_at=None).update(cancel_requested_at=timezone.now())
    ring()
    return batch


def batch_resume(*, batch_id: uuid.UUID, project: Project) -> Batch:
    """Let the interrupted children of an interrupted batch wait for a worker again. Raises NotInterrupted and Batch.DoesNotExist."""
    batch = Batch.objects.of(project).defer("cells").get(pk=batch_id)
    if batch.status != Status.INTERRUPTED:
        raise NotInterrupted(f"The batch is {batch.status}: only an interrupted batch can be resumed.")
    while resume_interrupted(batch_id):
        pass
    ring()
    batch.refresh_from_db()
    return batch


def batch_again(*, batch_id: uuid.UUID, project: Project, only_failed: bool, trigger: str = Batch.Trigger.PAGE) -> Batch:
    """A new batch of the same frozen cells: all of them, or those whose child failed, was interrupted or did not pass.

    Raises NotOver, NothingToRun, BudgetSpent and Batch.DoesNotExist.
    """
    refuse_when_spent(project)
    old = Batch.objects.of(project).get(pk=batch_id)
    if not old.is_final:
        raise NotOver("The batch is still going on. Wait for its end, or cancel it first.")
    chosen = chosen_again(old, only_failed=only_failed)
    request = {**old.request, "again": "failed" if only_failed else "all"}
    new = Batch(project=project, name=old.name, trigger=trigger, source_batch_id=old.pk, max_cost_usd=old.max_cost_usd, request=request)
    return batch_store(new, chosen)


def batch_delete(*, batch_id: uuid.UUID, project: Project) -> None:
    """Remove a batch with all its children; what is not over is cancelled first. Raises Batch.DoesNotExist.

    Some hundreds of children a transaction: whoever is stopped in between leaves a batch that can be deleted again.
    """
    batch_cancel(batch_id=batch_id, project=project)
    while cancel_waiting(batch_id):
        pass
    _stop_running(batch_id, project)
    while remove_final(batch_id):
        pass
    Batch.objects.of(project).filter(pk=batch_id).delete()


def _stop_running(batch_id: uuid.UUID, project: Project) -> None:
    """Workers have some seconds to hear it; then the children are taken from them."""
    held = EvalRun.objects.filter(batch=batch_id, status__in=[Status.PENDING, Status.RUNNING])
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and held.exists():
        time.sleep(POLL_SECONDS)
    for run_id in held.values_list("pk", flat=True):
        with contextlib.suppress(EvalRun.DoesNotExist):
            run_stop(run_id, project)
