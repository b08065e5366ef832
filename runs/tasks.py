"""What django-q2 calls: a few lines each, since a task only says that there is work.

The engine is imported when a worker process needs it.
"""

from evalhub.accounts.services import idempotency_sweep
from runs import services
from runs.engine import stop


def drain() -> int:
    """Drive waiting runs until there are none; ring for a successor if some are left. Returns how many were brought to an end."""
    from runs.engine.drain import run_drain

    finished = run_drain()
    if not stop.requested():
        services.ring_if_waiting()
    return finished


def sweep() -> int:
    """End abandoned runs, ring for those nobody claimed, forget old answers. Returns how many runs were ended."""
    from runs.engine.sweep import run_sweep

    ended = run_sweep()
    idempotency_sweep()
    services.ring_if_waiting()
    return ended


def schedule() -> int:
    """Start batches of the targets that are due. Returns how many were started."""
    from runs.batches.schedule import run_due

    return run_due()
