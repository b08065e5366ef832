"""`evalhub worker`: a small supervisor in the foreground, and below it django-q2's clusters. The watchdog does the work."""

from pathlib import Path

import typer

from evalhub.cli.child import READY_LINE
from evalhub.cli.installation import database_errors, django_start, one_at_a_time, require_current, set_environment
from evalhub.cli.parent import die_with_supervisor, forks_die_with_this, require_fork

EVERY_MINUTE = {"sweep": "runs.tasks.sweep", "batches": "runs.tasks.schedule"}


def worker(*, data_dir: Path | None, worker_processes: int | None, concurrency: int | None) -> None:
    """Work until SIGTERM or Ctrl-C. Ends with 1 when a cluster keeps ending by itself."""
    require_fork()
    die_with_supervisor()
    set_environment(worker_processes=worker_processes, concurrency=concurrency)
    env = django_start(data_dir)
    require_current()
    schedule_sweep()
    forks_die_with_this()
    from evalhub.cli.watchdog import Watchdog  # needs Django's apps

    watchdog = Watchdog(env.worker_processes, say=lambda line: typer.echo(line, err=True))
    watchdog.forever(when_ready=lambda: typer.echo(READY_LINE))


def schedule_sweep() -> None:
    """Every minute the queue itself sweeps, rings, and starts the batches that are due, whatever becomes of the supervisors.

    django-q2 does not keep names apart, so supervisors that start at once take turns; a row that is there twice is made one again.
    """
    from django_q.models import Schedule

    with database_errors(), one_at_a_time():
        for name, function in EVERY_MINUTE.items():
            rows = Schedule.objects.filter(name=name)
            if kept := rows.order_by("pk").first():
                rows.exclude(pk=kept.pk).delete()
            wanted = {"func": function, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
            Schedule.objects.update_or_create(name=name, defaults=wanted)
