"""The page on which a batch is put together. Nothing is asked of anybody before it is started; the estimate says what would be."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.idempotency import address_once
from evalhub.accounts.models import Project
from evalhub.accounts.once import asked_by_form
from evalhub.accounts.pages import PageRequest, member_required, require_editor
from runs import budget
from runs.batches.request import BatchRefused
from runs.batches.services import batch_create
from runs.models import Batch
from runs.web.batches.new.desk import Desk, desk_of
from runs.web.batches.new.forms import NewBatchForm, group_word, plural
from templates_app.models import SourceType

START = "start"


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def batch_new(request: PageRequest) -> HttpResponse:
    """GET ?kind=&source=. POST with do=start starts it; any other `do` works out the estimate."""
    require_editor(request)
    asked = request.POST if request.method == "POST" else request.GET
    desk = _desk(request.membership.project, asked)
    if desk is None:
        return render(request, "runs/batches/new_refused.html", status=400)
    if request.method == "GET":
        return _page(request, NewBatchForm(desk))
    form = NewBatchForm(desk, request.POST)
    if request.POST.get("do", START) != START:
        return _page(request, form)
    if form.chosen is None:
        return _page(request, form, status=400)
    try:
        return redirect(_start_once(request, form))
    except (BatchRefused, budget.BudgetSpent) as refused:
        form.add_error(None, str(refused))
        return _page(request, form, status=400)


@require_POST
@never_cache
@member_required
def batch_new_estimate(request: PageRequest) -> HttpResponse:
    """What the form as it stands would take: asked by htmx as something changes."""
    require_editor(request)
    desk = _desk(request.membership.project, request.POST)
    context = _estimated(request, NewBatchForm(desk, request.POST)) if desk else {}
    return render(request, "runs/batches/_new_estimate.html", context)


def _desk(project: Project, asked: QueryDict) -> Desk | None:
    """None where the project's providers cannot be read."""
    kind = asked.get("kind", "")
    try:
        return desk_of(project, kind if kind in SourceType.values else SourceType.PROMPTS, asked.get("source", ""))
    except BatchRefused:
        return None


def _page(request: PageRequest, form: NewBatchForm, *, status: int = 200) -> HttpResponse:
    desk = form.desk
    context = _estimated(request, form) if form.is_bound else {}
    context |= {
        "form": form,
        "desk": desk,
        "kinds": SourceType.choices,
        "plural": plural(desk.kind),
        "group_word": group_word(desk.kind),
        "subjects": form.chosen_of("picked", desk.subjects),
        "targets": form.chosen_of("targets", desk.targets),
    }
    return render(request, "runs/batches/new.html", context, status=status)


def _estimated(request: PageRequest, form: NewBatchForm) -> dict[str, Any]:
    project = request.membership.project
    chosen = form.chosen
    standing = budget.standing(project) if project.monthly_budget_usd is not None else None
    cost: Decimal | None = chosen.estimated_cost_usd if chosen else None
    return {
        "was_asked": True,
        "chosen": chosen,
        "count": len(chosen.cells) if chosen else 0,
        "cost": cost,
        "limit": form.cleaned_data.get("max_cost_usd"),
        "unaskable": [(row, why) for row, why in chosen.unaskable] if chosen else [],
        "problems": [str(error) for errors in form.errors.values() for error in errors],
        "standing": standing,
        "over_budget": bool(standing and standing.limit is not None and cost and cost > standing.left),
    }


def _start_once(request: PageRequest, form: NewBatchForm) -> str:
    """Start what was asked for, unless this very form was sent before. Returns the address of the batch."""
    address = address_once(asked_by_form(request), lambda: _start(form))
    messages.success(request, "The batch is queued; workers take its children up by themselves.")
    return address


def _start(form: NewBatchForm) -> str:
    request, told = form.asked, form.cleaned_data
    assert request is not None  # noqa: S101  only a form whose `chosen` is there comes here
    made = batch_create(
        project=form.desk.project, request=request, trigger=Batch.Trigger.PAGE, name=told["name"], max_cost_usd=told["max_cost_usd"]
    )
    return reverse("batch", args=[made.pk])
