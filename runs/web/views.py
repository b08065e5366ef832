"""The pages of runs. Views parse, ask selectors or services, and render; what partials show is made in runs.live.parts."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.middleware import enter_project
from runs import services
from runs.events import log
from runs.live import parts
from runs.live import render as live
from runs.live.conversation import pretty
from runs.models import EvalRun
from runs.web import listing
from runs.web.access import PageRequest, member_required, require_editor, run_or_404

MOST_DIGITS = 18  # of an event's number: Python refuses to read thousands of digits, databases take 64 bits


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("run-list")


@require_GET
@member_required
def run_list(request: PageRequest) -> HttpResponse:
    """The newest runs. htmx gets the rows alone: a polling table body, or the page after the last."""
    query = request.GET
    page = listing.run_page(
        project=request.membership.project, status=query.get("status", ""), after=query.get("after", ""), until=query.get("until", "")
    )
    template = "runs/_rows.html" if request.htmx else "runs/run_list.html"
    response = render(request, template, {"page": page, "filters": listing.filters(page.status)})
    response["Vary"] = "HX-Request"  # one address, two answers: a cache must not mix them
    return response


@require_GET
@member_required
def run(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    came_from = request.membership.project_id
    found = run_or_404(request, run_id)
    if found.project_id != came_from:
        enter_project(request, request.membership)
    limit = None if request.GET.get("events") == "all" else parts.EVENTS_SHOWN
    context = parts.run_parts(found, events_limit=limit)
    return render(request, "runs/run.html", {**context, "snapshots": _snapshots(found), "may_write": request.membership.may_write})


@require_GET
@never_cache
@member_required
def run_live(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """What came after an event, for pages whose WebSocket is blocked: the fragments the socket would have sent."""
    found = run_or_404(request, run_id)
    after = request.GET.get("after", "")
    if not after.isdecimal() or len(after) > MOST_DIGITS:
        return HttpResponse(live.snapshot_html(found))
    return HttpResponse(live.update_html(found, log.read_after(found.id, int(after))))


@require_POST
@member_required
def run_cancel(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    run_or_404(request, run_id)  # before the question of the role, which is the one in the run's project
    require_editor(request)
    services.run_cancel(run_id=run_id, project=request.membership.project)  # the page shows by itself that it stops, and that it has
    return redirect("run", run_id)


@require_POST
@member_required
def run_resume(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    run_or_404(request, run_id)  # before the question of the role, as above
    require_editor(request)
    try:
        services.run_resume(run_id=run_id, project=request.membership.project)
    except services.NotInterrupted as refused:
        messages.warning(request, str(refused))
    return redirect("run", run_id)


def _snapshots(run: EvalRun) -> list[tuple[str, str]]:
    """What the run carries, as JSON to read. Secrets are in none of it."""
    frozen: dict[str, object] = {
        "Agent": run.agent_snapshot,
        "Models": {"agent": run.agent_model, "user": run.user_model, "judge": run.judge_model},
        "Persona": run.user_persona,
        "Sessions": run.sessions,
        "Simulation": run.simulation_config,
        "Quality template": run.template_snapshot,
        "Adaptation template": run.adaptation_template_snapshot,
        "Agent's memory": run.simulation_state,
    }
    return [(name, pretty(value)) for name, value in frozen.items() if value]
