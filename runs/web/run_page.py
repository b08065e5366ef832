"""The page of one run: what it shows, what it asks for later, and what people ask of the run. Its partials are made from runs.live."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.middleware import enter_project
from runs import services
from runs.again import NothingToJudge, PartOfABatch, run_again, run_rejudge
from runs.budget import BudgetSpent
from runs.live import configuration, parts
from runs.live import render as live
from runs.models import EvalRun
from runs.reading import Place
from runs.web.access import PageRequest, member_required, run_editable, run_or_404
from runs.web.batches import outcome
from runs.web.rejudging import RejudgeForm

MOST_DIGITS = 18  # of a number: Python refuses to read thousands of digits, databases take 64 bits

EXPORTS = (("json", "JSON"), ("csv", "CSV"), ("md", "Markdown"))


@require_GET
@member_required
def run(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    came_from = request.membership.project_id
    found = run_or_404(request, run_id)
    if found.project_id != came_from:
        enter_project(request, request.membership)
    return _page(request, found)


def _page(request: PageRequest, run: EvalRun, form: RejudgeForm | None = None) -> HttpResponse:
    """The whole page, at the place that the address names. With a form that cannot be taken it says so."""
    may_write = request.membership.may_write
    context: dict[str, Any] = parts.run_parts(run, place=_place(request.GET), log_before=_number(request.GET, "log_before"))
    context |= configuration.frozen(run) | {"may_write": may_write, "exports": EXPORTS} | outcome.shown(run)
    if may_write:
        context["rejudge"] = form or RejudgeForm.of(run, request.membership.project)
    return render(request, "runs/run.html", context, status=400 if form else 200)


def _place(query: QueryDict) -> Place | None:
    """The stretch of the transcript that an address asks for; the first of before, after and around that can be read."""
    for name in ("before", "after", "around"):
        if (number := _number(query, name)) is not None:
            return Place(**{name: number})
    return None


def _number(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None


@require_GET
@never_cache
@member_required
def run_live(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """What came after an event, for pages whose WebSocket is blocked: the fragments the socket would have sent."""
    found = run_or_404(request, run_id)
    return HttpResponse(live.since_html(found, _number(request.GET, "after")))


@require_GET
@member_required
def run_transcript(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """A stretch of the transcript for htmx; the whole page at that stretch for whoever follows the address."""
    found = run_or_404(request, run_id)
    if not request.htmx:
        return redirect(f"{reverse('run', args=[run_id])}?{request.GET.urlencode()}")
    return HttpResponse(live.transcript_html(found, _place(request.GET) or Place()))


@require_GET
@member_required
def run_log(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """Earlier lines of the log for htmx, or the page that shows them."""
    found = run_or_404(request, run_id)
    before = _number(request.GET, "before")
    if not request.htmx or before is None:
        return redirect(f"{reverse('run', args=[run_id])}?log_before={found.next_seq if before is None else before}#events")
    return HttpResponse(live.log_html(found, before))


@require_POST
@member_required
def run_cancel(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    run_editable(request, run_id)
    services.run_cancel(run_id=run_id, project=request.membership.project)  # the page shows by itself that it stops, and that it has
    return redirect("run", run_id)


@require_POST
@member_required
def run_resume(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    run_editable(request, run_id)
    try:
        services.run_resume(run_id=run_id, project=request.membership.project)
    except services.NotInterrupted as refused:
        messages.warning(request, str(refused))
    return redirect("run", run_id)


@require_POST
@member_required
def run_repeat(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """A new run of the same frozen inputs, which is opened."""
    if run_editable(request, run_id).kind == EvalRun.Kind.TRIAL:
        messages.warning(request, "This run is a part of a batch: run the batch again, or only what failed of it.")
        return redirect("run", run_id)
    try:
        made = run_again(run_id=run_id, project=request.membership.project)
    except (BudgetSpent, PartOfABatch) as refused:
        messages.error(request, str(refused))
        return redirect("run", run_id)
    messages.success(request, "This is the new run. It has the same frozen inputs as the one before.")
    return redirect("run", made.pk)


@require_POST
@member_required
def run_judge_again(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    """A new run that judges the same transcript, which is opened; the form again where it cannot be taken."""
    found = run_editable(request, run_id)
    form = RejudgeForm.of(found, request.membership.project, request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        made = run_rejudge(run_id=run_id, project=request.membership.project, **form.chosen)
    except (NothingToJudge, BudgetSpent, services.SourceGone) as refused:
        form.add_error(None, "The transcript was deleted meanwhile." if isinstance(refused, services.SourceGone) else str(refused))
        return _page(request, found, form)
    messages.success(request, "This is the new run. It judges the same transcript; the earlier scores stay with the earlier run.")
    return redirect("run", made.pk)


@require_POST
@member_required
def run_delete(request: PageRequest, run_id: uuid.UUID) -> HttpResponse:
    found = run_editable(request, run_id)
    services.run_delete(run_id=run_id, project=request.membership.project)
    messages.success(
        request, f"Deleted a run of {found.agent_name} with its transcript and scores. What it cost stays in the figures of the project."
    )
    return redirect("run-list")
