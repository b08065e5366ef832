"""The operations page: whether work goes on, for owners. It tells of their project; of queue, machines and all projects to staff alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from agents.selectors import provider_loads
from evalhub.accounts.models import Project
from runs import services, workload
from runs.live.seats import seats
from runs.live.tail import tail
from runs.models import Worker
from runs.web.access import PageRequest, owner_required, sees_installation

WEEK = timedelta(days=6)  # and today


@dataclass(frozen=True, slots=True)
class Spell:
    """What a project asked of models in some days."""

    label: str
    calls: workload.Calls


@require_GET
@never_cache
@owner_required
def operations(request: PageRequest) -> HttpResponse:
    """The whole page; htmx, which asks every few seconds, gets its body alone."""
    template = "runs/_operations.html" if request.htmx else "runs/operations.html"
    project, of_all = request.membership.project, sees_installation(request)
    return render(request, template, _standing(project, of_all) | (_installation() if of_all else {}))


def _standing(project: Project, of_all: bool) -> dict[str, object]:
    """What an owner sees, in a number of queries that does not depend on what is there."""
    return {
        "load": workload.load(project),
        "worker_is_seen": workload.worker_is_seen(),
        "spells": _spells(project),
        "providers": provider_loads(project, of_all=of_all),
        "waiting": workload.runs_waiting(project),
        "silent": workload.runs_silent(project),
        "interrupted": workload.runs_interrupted(project),
        "interrupted_count": workload.interrupted_count(project),
    }


def _installation() -> dict[str, object]:
    """What staff sees besides."""
    workers = workload.workers_seen()
    drains = [worker for worker in workers if worker.kind == Worker.Kind.DRAIN]
    return {
        "installation": workload.load(),
        "queue_depth": services.queue_depth(),
        "workers": workers,
        "driving": sum(worker.driving for worker in drains),
        "concurrency": sum(worker.concurrency for worker in drains),
        "calls_per_second": sum(worker.calls_per_second for worker in drains),
        "lag": tail.lag.standing(),
        "connections": seats.taken,
    }


def _spells(project: Project) -> list[Spell]:
    today = datetime.now(UTC).date()
    return [Spell("Today", workload.calls_since(project, today)), Spell("Last 7 days", workload.calls_since(project, today - WEEK))]
