"""Who may work on a run: claims, heartbeats and their end.

The row is the truth, so every step is one conditional UPDATE (decisions 1 and 4).
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from runs import ends
from runs.clock import CLOCK
from runs.ends import FREE
from runs.engine.turns import next_runs
from runs.models import Batch, EvalRun
from runs.states import Status

T = TypeVar("T")


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
def claim(limit: int, owner: uuid.UUID | None = None, driven: Collection[uuid.UUID] = ()) -> list[Lease]:
    """Take up to `limit` waiting or abandoned runs, in the order of `turns`. Two claimers never get the same run.

    What the claimer drives it does not take from itself, silent as the lease may look when its heartbeats were held up.
    One token serves all that one claim takes: who may write is said by run and token together.
    """
    now = CLOCK.now()
    ids = [run_id for run_id in next_runs(limit, now if CLOCK.believed else None) if run_id not in driven]
    token = uuid.uuid4()
    for chunk in _chunks(ids):
        EvalRun.objects.filter(pk__in=chunk).update(
            status=Status.RUNNING,
            lease_token=token,
            lease_owner=owner,
            lease_expires_at=now + lease_length(),
            attempt=F("attempt") + 1,
            updated_at=timezone.now(),
        )
    return [Lease(run_id, token) for run_id in ids]


def something_waits() -> bool:
    """Whether a claim would find a run, or a drain a batch to see to. While the clock is in doubt no lease counts as silent."""
    now = CLOCK.now()
    waiting = EvalRun.objects.claimable(now) if CLOCK.believed else EvalRun.objects.filter(status=Status.PENDING)
    return waiting.exists() or Batch.objects.in_need().exists()


def beat(leases: Collection[Lease]) -> None:
    """Say that these runs are still worked on. A run whose token has changed is not touched."""
    expires = CLOCK.now() + lease_length()
    for chunk in _chunks(list(leases)):
        tokens = {lease.token for lease in chunk}
        EvalRun.objects.filter(pk__in=[lease.run_id for lease in chunk], lease_token__in=tokens).update(lease_expires_at=expires)


def cancelled(leases: Collection[Lease]) -> set[uuid.UUID]:
    """Which of these runs somebody asked to stop, deleted or took: a call for one that is taken would be paid for nothing."""
    gone: set[uuid.UUID] = set()
    for chunk in _chunks(list(leases)):
        ids, tokens = [lease.run_id for lease in chunk], {lease.token for lease in chunk}
        going_on = EvalRun.objects.filter(pk__in=ids, lease_token__in=tokens, cancel_requested_at=None).values_list("id", flat=True)
        gone |= set(ids) - set(going_on)
    return gone


@transaction.atomic
def give_back(leases: Collection[Lease]) -> None:
    """Return runs unfinished, so that the next worker goes on at once. An orderly return does not count as an attempt.

    One that was asked to stop ends here: nobody may go on with it.
    """
    for chunk in _chunks(list(leases)):
        tokens = {lease.token for lease in chunk}
        held = EvalRun.objects.filter(pk__in=[lease.run_id for lease in chunk], lease_token__in=tokens, status=Status.RUNNING)
        ends.cancel_wished(held)
        held.update(status=Status.PENDING, attempt=F("attempt") - 1, updated_at=timezone.now(), **FREE)


@transaction.atomic
def release_of(owner: uuid.UUID) -> int:
    """Free what a dead worker held; its attempt stays counted. Nothing of it that is still on its way can be written any more.

    A run that was asked to stop ends. One without an attempt left stays `running`, held by nobody: the sweep ends it as interrupted.
    """
    held = EvalRun.objects.filter(lease_owner=owner, status=Status.RUNNING)
    ended = ends.cancel_wished(held)
    waiting = held.filter(attempt__lt=F("max_attempts")).update(status=Status.PENDING, updated_at=timezone.now(), **FREE)
    return ended + waiting + held.update(**FREE)


def _chunks(items: list[T], size: int = 500) -> list[list[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
