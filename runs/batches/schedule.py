"""Configured targets that are due: one batch for those of a project that ask the same. Called every minute by the queue.

The batch is stored in the transaction that moves the targets' times on, under their row locks, so that two workers start one batch, and one
that is killed leaves either all of it or nothing. A time that was missed is run once, however often it was missed.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import groupby

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.batches.choosing import choose
from runs.batches.chosen import Chosen
from runs.batches.request import BatchRefused, BatchRequest
from runs.batches.storing import batch_store
from runs.batches.whom import request_of
from runs.budget import BudgetSpent, admit, refuse_when_spent
from runs.models import Batch, Frequency, Target

logger = logging.getLogger(__name__)
EVERY = {Frequency.DAILY: timedelta(days=1), Frequency.EVERY_OTHER_DAY: timedelta(days=2), Frequency.WEEKLY: timedelta(days=7)}
MOST = 2000  # targets that are looked at in one minute
LONGEST_REASON = 500


def run_due(now: datetime | None = None) -> int:
    """Start a batch for every group of targets whose time has come. Returns how many were started."""
    now = now or timezone.now()
    return sum(_guarded(group, now) for group in _groups(now))


def first_time(now: datetime) -> datetime:
    """When a target that is scheduled now runs first: as the next day (UTC) begins, so that days are whole."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time.min, UTC)


def next_time(due: datetime, frequency: str, now: datetime) -> datetime:
    """The first time after now that is a whole number of intervals after `due`."""
    every = EVERY[Frequency(frequency)]
    return due + every * ((now - due) // every + 1)


def _groups(now: datetime) -> Iterator[list[Target]]:
    rows = Target.objects.filter(enabled=True, next_run_at__lte=now).exclude(frequency=Frequency.MANUAL).select_related("project")
    ordered = rows.order_by("next_run_at")[:MOST]
    for _, group in groupby(sorted(ordered, key=_group), key=_group):
        yield list(group)


def _group(row: Target) -> tuple[str, str, str]:
    return str(row.project_id), row.source_type, str(row.source_id or "")


def _guarded(group: Sequence[Target], now: datetime) -> int:
    """What is broken in one group does not hold up the others; its time is not moved, so that it is tried again."""
    try:
        return _run(group, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Targets of project %s that are due cannot be run", group[0].project_id)
        return 0


def _run(group: Sequence[Target], now: datetime) -> int:
    request = request_of(group[0])
    chosen, reason = _chosen(group[0].project, request, group)
    with transaction.atomic():
        chosen, reason = _admitted(group[0].project, chosen, reason)  # before targets are locked, as everywhere
        if not _still_due(group):
            return 0  # another worker was faster, or somebody changed them: what is still due is found in a minute
        _move_on(group, now, chosen, reason)
        if chosen:
            batch_store(Batch(project=group[0].project, trigger=Batch.Trigger.SCHEDULE, request=request.as_json()), chosen)
    return bool(chosen)


def _chosen(project: Project, request: BatchRequest, group: Sequence[Target]) -> tuple[Chosen | None, str]:
    """What is to be run, or why nothing is. Chosen before the transaction: it may take as long as there are prompts."""
    try:
        refuse_when_spent(project)
        return choose(project, request, rows=group), ""
    except (BatchRefused, BudgetSpent) as error:
        return None, str(error)[:LONGEST_REASON]


def _admitted(project: Project, chosen: Chosen | None, reason: str) -> tuple[Chosen | None, str]:
    """The same, or why it may not begin after all: somebody else began what takes the rest of the budget."""
    try:
        if chosen:
            admit(project)
        return chosen, reason
    except BudgetSpent as spent:
        return None, str(spent)[:LONGEST_REASON]


def _still_due(group: Sequence[Target]) -> bool:
    """Lock them, in order, and look whether all are as they were read."""
    locked = Target.objects.select_for_update().filter(pk__in=[row.pk for row in group], enabled=True).order_by("pk")
    return {row.pk: (row.next_run_at, row.frequency) for row in locked} == {row.pk: (row.next_run_at, row.frequency) for row in group}


def _move_on(group: Sequence[Target], now: datetime, chosen: Chosen | None, reason: str) -> None:
    unaskable = {row.pk for row, _ in chosen.unaskable} if chosen else set()
    for row in group:
        columns = {"next_run_at": next_time(row.next_run_at or now, row.frequency, now), "updated_at": now}
        if chosen is None:
            Target.objects.filter(pk=row.pk).update(**columns, last_skipped_at=now, skip_reason=reason)
        elif row.pk in unaskable:  # batch_store says why
            Target.objects.filter(pk=row.pk).update(**columns)
        else:
            Target.objects.filter(pk=row.pk).update(**columns, last_run_at=now, skip_reason="")
