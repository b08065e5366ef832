"""What nobody else notices: runs whose worker died with no attempt left, or before it heard that they should stop.

Called every half minute by the supervisor, every minute by the queue, and by a drain that leaves the queue no time.
"""

import uuid

from django.db import transaction

from runs import ends
from runs.clock import CLOCK
from runs.models import EvalRun

MOST = 500  # of each kind in one sweep


def run_sweep() -> int:
    """End abandoned runs as interrupted, and as cancelled those that were asked to stop. Returns how many."""
    at = CLOCK.now()
    if not CLOCK.believed:
        return 0
    unheard = list(EvalRun.objects.unheard(at).values_list("id", flat=True)[:MOST])
    ended = sum(_cancel(run_id) for run_id in unheard)
    abandoned = list(EvalRun.objects.abandoned(at).values_list("id", flat=True)[:MOST])
    return ended + sum(_interrupt(run_id) for run_id in abandoned)


@transaction.atomic
def _cancel(run_id: uuid.UUID) -> int:
    return ends.cancel_wished(EvalRun.objects.unheard(CLOCK.now()).filter(pk=run_id))


@transaction.atomic
def _interrupt(run_id: uuid.UUID) -> int:
    run = EvalRun.objects.select_for_update().abandoned(CLOCK.now()).filter(pk=run_id).first()
    if run is None:  # its worker came back, or another sweep was faster
        return 0
    ends.interrupt(run)
    return 1
