"""Whether the web part serves (`/healthz`, without the database), and whether work would be done (`/readyz`)."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from evalhub import probes
from runs import workload

SILENT = f"database: no answer within {probes.PATIENCE_S:g} seconds"
OUTDATED = "migrations: some are not applied; run `evalhub migrate`"
UNATTENDED = "worker: none is at work; start one with `evalhub worker`"
_migrated = False  # a database that was up to date stays it for as long as this process runs


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return _said("ok")


@require_safe
async def readyz(request: HttpRequest) -> HttpResponse:
    """200 and `ok`, or 503 and a line for each thing that is missing."""
    try:
        missing = await _ready.ask(probes.arrived(request))
    except TimeoutError:
        missing = [SILENT]
    return _said("\n".join(missing), 503) if missing else _said("ok")


def _missing() -> list[str]:
    """What keeps a run that is started now from being worked on. Without the database, or its tables, nothing else can be asked."""
    try:
        if not _is_migrated():
            return [OUTDATED]
        return [] if workload.worker_is_seen() else [UNATTENDED]
    except DatabaseError as error:
        return [f"database: {type(error).__name__}"]  # its text names hosts and users, and anybody may ask


def _is_migrated() -> bool:
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


_ready = probes.Probe(_missing)


def _said(text: str, status: int = 200) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})
