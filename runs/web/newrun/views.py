"""The page on which a run is put together. It works by its buttons alone; with htmx they change the page in place."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.idempotency import address_once
from evalhub.accounts.once import asked_by_form
from evalhub.accounts.pages import PageRequest, member_required, require_editor
from runs import budget
from runs.models import ModelCall
from runs.services import runs_create
from runs.web.newrun import prefill
from runs.web.newrun.desk import Desk
from runs.web.newrun.forms import PERSONA_LISTS, PERSONA_TEXTS, NewRunForm
from templates_app.models import Persona

START = "start"


@require_http_methods(["GET", "POST"])
@never_cache
@member_required
def run_new(request: PageRequest) -> HttpResponse:
    """GET ?agent=&template=&persona=&like=. POST with do=start starts it; every other `do` is a button that changes rows."""
    require_editor(request)
    desk = Desk.of(request.membership.project)
    if request.method == "GET":
        return _page(request, _begun(request, desk))
    form = NewRunForm(desk, request.POST, request.FILES)
    button = request.POST.get("do", START)
    if button != START:
        focus = form.script.press(button)
        return _page(request, form, shown=form.as_typed, focus=focus)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        return redirect(_start_once(request, form))
    except budget.BudgetSpent as spent:
        form.add_error(None, str(spent))
        return _page(request, form, status=400)


@require_POST
@never_cache
@member_required
def run_new_estimate(request: PageRequest) -> HttpResponse:
    """What the form as it stands would take: asked by htmx as something changes."""
    require_editor(request)
    form = NewRunForm(Desk.of(request.membership.project), request.POST)
    return render(request, "runs/_new_estimate.html", _estimated(request, form))


def _begun(request: PageRequest, desk: Desk) -> NewRunForm:
    """The form as it opens. Raises Http404 for a run that is not there."""
    if "like" not in request.GET:
        return NewRunForm(desk, initial=prefill.blank(desk, request.GET.dict()))
    found = prefill.like(desk, request.GET["like"])
    if found is None:
        raise Http404
    initial, script, missing = found
    if missing:
        messages.warning(request, missing)
    return NewRunForm(desk, initial=initial, script=script)


def _page(request: PageRequest, form: NewRunForm, *, shown: Any = None, focus: str = "", status: int = 200) -> HttpResponse:
    """The page, or for htmx the rows alone. `shown` makes the form that is drawn, once the estimate is taken from what was sent."""
    context = _estimated(request, form)
    drawn = shown() if shown else form
    context |= {"form": drawn, "script": drawn.script, "models": form.desk.models, "focus": focus, "has_agents": bool(form.desk.agents)}
    template = "runs/_new_rows.html" if request.htmx and shown else "runs/new.html"
    return render(request, template, context, status=status)


def _estimated(request: PageRequest, form: NewRunForm) -> dict[str, Any]:
    standing = budget.standing(request.membership.project) if request.membership.project.monthly_budget_usd is not None else None
    shown = form.preview
    limit = form.request_limit()
    return {
        "preview": shown,
        "estimate": shown.estimate if shown else None,
        "rows": [(ModelCall.Purpose(row.purpose).label, row) for row in shown.estimate.rows] if shown else [],
        "repeats": form.asked_repeats,
        "standing": standing,
        "over_budget": bool(shown and standing and standing.limit is not None and shown.estimate.price[1] > standing.left),
        "limit": limit,
        "may_stop": bool(shown and limit and shown.estimate.price[1] > limit * form.asked_repeats),
    }


def _start_once(request: PageRequest, form: NewRunForm) -> str:
    """Create what was asked for, unless this very form was sent before: who goes back and changes something starts something else.

    Returns the address of what became of it.
    """
    address = address_once(asked_by_form(request), lambda: _start(form))
    messages.success(request, _told(form.asked_repeats))
    return address


def _start(form: NewRunForm) -> str:
    request = form.request()
    assert request is not None  # noqa: S101  a valid form has an agent
    runs = runs_create(project=form.desk.project, kind=form.asked_kind, request=request, repeats=form.asked_repeats)
    if form.keeps_persona():
        _keep_persona(form)
    return reverse("run", args=[runs[0].pk]) if len(runs) == 1 else f"{reverse('run-list')}?group={runs[0].scenario_id}"


def _keep_persona(form: NewRunForm) -> None:
    written = form.asked_persona()
    columns: Iterable[str] = (*PERSONA_TEXTS, *PERSONA_LISTS, "patience")
    Persona.objects.create(project=form.desk.project, **{name: written[name] for name in columns if name in written})


def _told(repeats: int) -> str:
    if repeats == 1:
        return "The run is queued; a worker takes it up by itself."
    return f"{repeats} runs of the same scenario wait for a worker. This list shows them alone."
