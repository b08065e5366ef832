"""The pages of coding agents among the settings: what is built in, what the project has of its own, and whether there is a sandbox.

Members read; owners change.
"""

import uuid

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agents.coding.forms import HarnessForm
from agents.coding.services import harness_create, harness_delete, harness_update
from agents.harnesses import BUILT_IN, BadTemplate, parsed, rendered
from agents.models import Harness
from agents.sandbox import why_missing
from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, member_required, owner_required

MOST_SHOWN = 200
EXAMPLE = {"prompt": "Write a script that …", "model": "the-model", "workdir": "/work"}


@require_http_methods(["GET", "HEAD"])
@never_cache
@member_required
def harness_list(request: PageRequest) -> HttpResponse:
    rows = list(Harness.objects.filter(project=request.membership.project)[:MOST_SHOWN])
    hidden = {row.name for row in rows if row.is_active}
    context = {
        "tab": "coding",
        "rows": rows,
        "built_in": [(row, " ".join(row.argv)) for row in BUILT_IN.values() if row.key not in hidden],
        "missing": async_to_sync(why_missing)(),
        "unsandboxed": settings.ALLOW_UNSANDBOXED,
    }
    return render(request, "agents/harness_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@owner_required
@once
def harness_new(request: PageRequest) -> HttpResponse:
    form = HarnessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = harness_create(project=request.membership.project, **form.columns())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{made} is added. Targets can name it now.")
            return redirect("settings-coding-agents")
    return _page(request, form)


def _again(request: PageRequest, harness_id: uuid.UUID) -> HttpResponse:
    return _page(request, HarnessForm(request.POST))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again, owners=True)
def harness(request: PageRequest, harness_id: uuid.UUID) -> HttpResponse:
    """One of the project's; another project's does not exist. An owner's POST changes it."""
    row = get_object_or_404(Harness, pk=harness_id, project=request.membership.project)
    if request.method != "POST":
        return _page(request, HarnessForm(instance=row), row)
    if not request.membership.is_owner:
        raise PermissionDenied("Owners change coding agents.")
    form = HarnessForm(request.POST, instance=Harness(pk=row.pk, project=row.project))  # a form writes into the row what it then refuses
    if form.is_valid():
        try:
            saved = harness_update(project=request.membership.project, harness_id=harness_id, **form.columns())
        except Harness.DoesNotExist:
            raise Http404 from None
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{saved} is saved. Batches that began keep the command they began with.")
            return redirect("settings-coding-agents")
    return _page(request, form, row)


@require_POST
@owner_required
def harness_end(request: PageRequest, harness_id: uuid.UUID) -> HttpResponse:
    try:
        gone = harness_delete(project=request.membership.project, harness_id=harness_id)
    except Harness.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"The coding agent {gone} is deleted. Results that were measured with it stay.")
    return redirect("settings-coding-agents")


@require_POST
@never_cache
@owner_required
def harness_check(request: PageRequest) -> HttpResponse:
    """What becomes of a command as it is typed: its arguments one by one, or what is wrong with it."""
    return render(request, "agents/_harness_check.html", checked(request.POST.get("argv", "")))


def checked(line: str) -> dict[str, object]:
    """`arguments` with an example filled in, or `wrong`."""
    if not line.strip():
        return {}
    try:
        return {"arguments": rendered(parsed(line), **EXAMPLE)}
    except BadTemplate as wrong:
        return {"wrong": str(wrong)}


def _page(request: PageRequest, form: HarnessForm, row: Harness | None = None) -> HttpResponse:
    line = form["argv"].value() or ""
    context = {"tab": "coding", "form": form, "row": row, **checked(str(line))}
    return render(request, "agents/harness.html", context, status=400 if form.is_bound else 200)
