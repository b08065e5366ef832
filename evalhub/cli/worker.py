"""`evalhub worker`: a django-q2 cluster in the foreground, and its end: drains are told to stop, then the cluster, the rest is killed."""

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from evalhub.cli.child import READY_LINE
from evalhub.cli.errors import FAILED, CommandError
from evalhub.cli.installation import database_errors, django_start, require_current, set_environment
from evalhub.cli.parent import die_with_supervisor, forks_die_with_this, require_fork

if TYPE_CHECKING:
    from django_q.cluster import Cluster

STOP_WITHIN_S = 2.5
TICK_S = 0.1
SWEEP = "runs.tasks.sweep"


def worker(*, data_dir: Path | None, worker_processes: int | None, concurrency: int | None) -> None:
    """Work until SIGTERM or Ctrl-C. Ends with 1 when the cluster ends by itself."""
    require_fork()
    die_with_supervisor()
    set_environment(worker_processes=worker_processes, concurrency=concurrency)
    django_start(data_dir)
    require_current()
    _ring_and_schedule()
    forks_die_with_this()
    _run_cluster()


def _ring_and_schedule() -> None:
    """Wake up for what an earlier life left behind, and every minute for what nobody claimed."""
    from django.db import connections
    from django_q.models import Schedule

    from runs.services import ring

    with database_errors():
        every_minute = {"func": SWEEP, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
        Schedule.objects.update_or_create(name="sweep", defaults=every_minute)
        ring()
    connections.close_all()  # a connection that two processes share after a fork is broken in both


def _run_cluster() -> None:
    from django_q.cluster import Cluster

    from runs.engine import stop  # its flag must exist before the fork to be shared by it

    asked: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        asked.append(signum)

    cluster = Cluster()
    for signum in (signal.SIGINT, signal.SIGTERM):  # over the handlers Cluster just set: they wait without end and tell drains nothing
        signal.signal(signum, note)
    cluster.start()
    typer.echo(READY_LINE)
    while not asked:
        if not cluster.sentinel.is_alive():
            raise CommandError("The worker's cluster ended by itself; the log above says why.", FAILED)
        time.sleep(TICK_S)
    stop.request()
    _stop(cluster)


def _stop(cluster: "Cluster") -> None:
    """Give drains the time to give their leases back. The alarm is a signal, not a thread: a process that forks has no threads."""
    signal.signal(signal.SIGALRM, lambda *_: _kill(cluster))
    signal.setitimer(signal.ITIMER_REAL, STOP_WITHIN_S)
    cluster.stop()


def _kill(cluster: "Cluster") -> None:
    """End what did not end: the whole group where it is ours, else the sentinel, whose forks follow it (evalhub.cli.parent)."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    cluster.sentinel.kill()
    os._exit(FAILED)
