"""The rows of workers: who works, whether it lives, and what a dead one held. For the drain, and for the supervisor of `evalhub worker`.

A row names its process so that those of the same place can check it: boot of the machine, space of process ids, number and birth. There a
death is certain at once, and nobody has to wait for the lease to go silent. Of another machine only silence tells.
"""

import logging
import os
import socket
import uuid
from datetime import timedelta
from functools import cache
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from agents.limits import ledger
from runs.engine import lease
from runs.models import Worker

logger = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
FORGOTTEN_AFTER = timedelta(days=1)
DEAD_STATES = ("Z", "X")
PROC = Path("/proc")


@cache
def place() -> str:
    """This boot and this space of process ids; empty where the system does not say, and then nobody's death is certain."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat(PROC / 'self/ns/pid').st_ino}"
    except OSError:
        return ""


def born(pid: int) -> int | None:
    """When the process of that number started, in clock ticks from boot; None when there is none, or only its shell."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in DEAD_STATES else int(fields[19])


def session(pid: int) -> int | None:
    """The session of a process of this place."""
    try:
        return os.getsid(pid)
    except OSError:
        return None


class WorkerRow:
    """The row of this process. `beat` writes it and makes it if need be; `leave` takes it away at an orderly end."""

    def __init__(self, kind: Worker.Kind, *, supervisor: uuid.UUID | None = None, concurrency: int = 0) -> None:
        self.id = uuid.uuid4()
        self._row = {
            "kind": kind,
            "supervisor": supervisor,
            "host": socket.gethostname(),
            "place": place(),
            "pid": os.getpid(),
            "born": born(os.getpid()) or 0,
            "concurrency": concurrency,
            "started_at": timezone.now(),
        }

    def beat(self, *, driving: int = 0, calls_per_second: float = 0.0) -> None:
        said = {"seen_at": timezone.now(), "driving": driving, "calls_per_second": calls_per_second}
        if not Worker.objects.filter(pk=self.id).update(**said):
            Worker.objects.create(pk=self.id, **self._row, **said)

    def leave(self) -> None:
        Worker.objects.filter(pk=self.id).delete()


def dead_here() -> list[Worker]:
    """Rows of processes of this place that are no more."""
    here = place()
    rows = Worker.objects.filter(place=here) if here else Worker.objects.none()
    return [row for row in rows if born(row.pid) != row.born]


def bury_dead() -> int:
    """Free what the dead of this place held, and forget them. Returns how many runs are free."""
    freed = 0
    for row in dead_here():
        with transaction.atomic():
            freed += lease.release_of(row.id)
            ledger.bury(row.id)
            row.delete()
    if freed:
        logger.warning(
            "A worker process died. The %s runs it held are free: each goes on, or ends when it has used its attempts or was to stop", freed
        )
    return freed


def forget_silent() -> None:
    """Rows of machines that never came back."""
    Worker.objects.filter(seen_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()
