"""The life of a run.

    pending --claim--> running --> completed
       ^  ^               |  |---> failed        (an agent, model or setting that cannot work)
       |  |               |  `---> cancelled     (somebody asked)
       |  `--lease silent-'
       |     (attempts left)  `--> interrupted   (lease silent, no attempts left)
       `------------- resume ------------'

Attempts are tries in a row that committed no message and no verdict. `summarizing` belongs to batches: children are done, the summary is
being computed. Final states are never left, but for `interrupted`, which a person can resume. Imports nothing of ours.
"""

from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUMMARIZING = "summarizing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


FINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED})
ACTIVE = frozenset(Status) - FINAL

MOVES: dict[Status, frozenset[Status]] = {
    Status.PENDING: frozenset({Status.RUNNING, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.PENDING, Status.SUMMARIZING, *FINAL}),
    Status.SUMMARIZING: FINAL,
    Status.INTERRUPTED: frozenset({Status.PENDING}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


def may_move(old: Status, new: Status) -> bool:
    """Whether the drawing above has an arrow from `old` to `new`."""
    return new in MOVES[old]
