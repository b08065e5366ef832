"""Who may work on a run: claims, heartbeats and their end.

The row is the truth, so every step is one conditional UPDATE (decisions 1 and 4).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from runs.models import EvalRun
from runs.states import Status


class LeaseLost(Exception):
    """Another worker has the run now, or it was deleted: nothing of ours may be written to it any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write one run, while the token in its row is ours."""

    run_id: uuid.UUID
    token: uuid.UUID


def lease_length() -> timedelta:
    return timedelta(seconds=settings.ENV.lease_seconds)


@transaction.atomic
def claim(limit: int) -> list[Lease]:
    """Take up to `limit` waiting or abandoned runs, oldest first. Two claimers never get the same run."""
    waiting = EvalRun.objects.claimable().order_by("created_at")
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True)
    # On SQLite the transaction holds the write lock from its start, so reading first is as good as a row lock.
    ids = list(waiting.values_list("id", flat=True)[:limit])
    return [lease for run_id in ids if (lease := _take(run_id))]


def _take(run_id: uuid.UUID) -> Lease | None:
    lease = Lease(run_id, uuid.uuid4())
    now = timezone.now()
    won = (
        EvalRun.objects.claimable()
        .filter(pk=run_id)
        .update(
            status=Status.RUNNING, lease_token=lease.token, lease_expires_at=now + lease_length(), attempt=F("attempt") + 1, updated_at=now
        )
    )
    return lease if won else None


def beat(leases: Collection[Lease]) -> None:
    """Say that these runs are still worked on. A run whose token has changed is not touched."""
    for chunk in _chunks(list(leases)):
        EvalRun.objects.filter(lease_token__in=[lease.token for lease in chunk]).update(lease_expires_at=timezone.now() + lease_length())


def cancelled(leases: Collection[Lease]) -> set[uuid.UUID]:
    """Which of these runs somebody asked to stop, or deleted."""
    gone: set[uuid.UUID] = set()
    for chunk in _chunks(list(leases)):
        ids = [lease.run_id for lease in chunk]
        going_on = EvalRun.objects.filter(pk__in=ids, cancel_requested_at=None).values_list("id", flat=True)
        gone |= set(ids) - set(going_on)
    return gone


def give_back(leases: Collection[Lease]) -> None:
    """Return runs unfinished, so that the next worker goes on at once. An orderly return does not count as an attempt."""
    for lease in leases:
        EvalRun.objects.filter(pk=lease.run_id, lease_token=lease.token, status=Status.RUNNING).update(
            status=Status.PENDING, lease_token=None, lease_expires_at=None, attempt=F("attempt") - 1
        )


def _chunks(leases: list[Lease], size: int = 500) -> list[list[Lease]]:
    return [leases[start : start + size] for start in range(0, len(leases), size)]
