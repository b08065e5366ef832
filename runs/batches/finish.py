"""How a batch ends: once no child is left to make or to wait for, it is summarized and gets its final status.

Each of the two steps is one transaction that looks again under the batch's row lock, so it does not matter who takes it, how often, or
where somebody was killed in between.
"""

import uuid
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from runs.batches.progress import Progress, batch_progress
from runs.batches.summary import summarize
from runs.models import Batch, EvalRun
from runs.states import Status

ALL_FAILED = "all_failed"


@transaction.atomic
def begin_summary(batch_id: uuid.UUID) -> bool:
    """Running -> summarizing, where no child is left. A batch that was cancelled before it had any ends at once."""
    batch = _locked(batch_id)
    if batch is None or batch.status not in (Status.PENDING, Status.RUNNING) or not _is_over(batch):
        return False
    if batch.status == Status.PENDING:
        _save(
            batch, status=Status.CANCELLED, error_code="cancelled", error_reason="Cancelled before it started.", completed_at=timezone.now()
        )
    else:
        _save(batch, status=Status.SUMMARIZING)
    return True


def finish(batch_id: uuid.UUID) -> bool:
    """Summarizing -> the end. The summary is computed without a lock; where two do it, one writes it."""
    if not Batch.objects.filter(pk=batch_id, status=Status.SUMMARIZING).exists():
        return False
    summary = summarize(batch_id)
    with transaction.atomic():
        batch = _locked(batch_id)
        if batch is None or batch.status != Status.SUMMARIZING:
            return False
        status, code, reason = _end(batch_progress(batch_id), batch)
        _save(batch, status=status, error_code=code, error_reason=reason, summary=summary, completed_at=timezone.now())
    return True


def _locked(batch_id: uuid.UUID) -> Batch | None:
    few = Batch.objects.only("status", "total", "dispatched", "cancel_requested_at")
    return few.select_for_update().filter(pk=batch_id).first()


def _is_over(batch: Batch) -> bool:
    if batch.cancel_requested_at is None and batch.dispatched < batch.total:
        return False
    return not EvalRun.objects.filter(batch=batch, status__in=[Status.PENDING, Status.RUNNING]).exists()


def _save(batch: Batch, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(batch, name, value)
    batch.save(update_fields=[*columns, "updated_at"])


def _end(made: Progress, batch: Batch) -> tuple[Status, str, str]:
    """Status, error code and reason. An interrupted child makes an interrupted batch: it can be resumed."""
    if batch.cancel_requested_at and made.cancelled:
        return Status.CANCELLED, "cancelled", f"Cancelled on request. {made.completed:,} of {made.total:,} had completed."
    if made.interrupted:
        many = "1 child was" if made.interrupted == 1 else f"{made.interrupted:,} children were"
        return (
            Status.INTERRUPTED,
            "interrupted",
            f"{many} interrupted: no worker stayed alive. Resume the batch to go on with what is left.",
        )
    if made.completed:
        return Status.COMPLETED, "", ""
    if made.failed:
        return Status.FAILED, ALL_FAILED, _why_all_failed(made, batch.pk)
    return Status.CANCELLED, "cancelled", "All its children were cancelled."


def _why_all_failed(made: Progress, batch_id: uuid.UUID) -> str:
    """With the code that is there most often, and what one of those says."""
    failed = EvalRun.objects.filter(batch=batch_id, status=Status.FAILED).order_by()
    most = failed.values_list("error_code").annotate(n=Count("pk")).order_by("-n", "error_code").first()
    count = f"All {made.failed:,} children failed" if made.failed > 1 else "The only child failed"
    if made.failed < made.total:
        count = f"{made.failed:,} of {made.total:,} children failed, the others were cancelled"
    if most is None:  # all of them were deleted meanwhile
        return f"{count}."
    one = failed.filter(error_code=most[0]).values_list("error_reason", flat=True).first()
    return f"{count}, {'most often ' if made.failed > 1 else ''}with {most[0] or 'no code'}: {one}"[:2000]
