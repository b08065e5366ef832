"""The pages of model providers: what is asked of them just now, how they are reached, what they may be asked and what they cost.

Members read; owners change. Keys are typed in and never shown.
"""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agents.clients import DEMO, DEMO_NAMES
from agents.forms import LimitsForm
from agents.models import ModelProvider
from agents.providers.forms import ProviderForm, TrialForm
from agents.providers.services import provider_create, provider_delete, provider_update
from agents.providers.trial import Trial, provider_try
from agents.selectors import provider_load, provider_loads, provider_prices
from evalhub.accounts.gone import comes_back, typed_page
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, owner_required, sees_installation
from evalhub.accounts.selectors import person
from evalhub.accounts.throttle import act_count
from evalhub.common.problems import Problem

TRIALS = "20/minute"
LOST_KEY = "The address leads to another server, and the stored key went to the old one only: it was removed. Type in the new server's key."


@require_http_methods(["GET", "HEAD"])
@never_cache
@member_required
def provider_list(request: PageRequest) -> HttpResponse:
    project = request.membership.project
    providers = provider_loads(project, of_all=sees_installation(request))
    names = [state.name for state in providers if state.is_active]
    context = {"tab": "providers", "providers": providers, "names": [*names, DEMO], "demo_models": DEMO_NAMES}
    return render(request, "agents/provider_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@owner_required
@once
def provider_new(request: PageRequest) -> HttpResponse:
    form = ProviderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = provider_create(project=request.membership.project, secret=form.new_secret or "", **form.columns())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{made.name} is added. Test it before a run depends on it.")
            return redirect("provider", made.pk)
    return _new_page(request, form)


def _new_page(request: PageRequest, form: ProviderForm) -> HttpResponse:
    status = 400 if form.is_bound else 200
    return render(request, "agents/provider_new.html", {"tab": "providers", "form": form}, status=status)


def _limits_again(request: PageRequest, provider_id: uuid.UUID) -> HttpResponse:
    return typed_page(request, LimitsForm(request.POST))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_limits_again, owners=True)
def provider(request: PageRequest, provider_id: uuid.UUID) -> HttpResponse:
    """A provider of the project; another project's does not exist. An owner's POST sets its limits."""
    row = _row(request, provider_id)
    if request.method != "POST":
        return _page(request, row)
    if not request.membership.is_owner:
        raise PermissionDenied("Owners set the limits of a provider.")
    form = LimitsForm(request.POST, instance=_row(request, provider_id))  # of its own: a form writes into the row what it then refuses
    if not form.is_valid():
        return _page(request, row, limits=form, status=400)
    form.save()
    messages.success(request, "The limits are saved. Workers keep to them within seconds.")
    return redirect("provider", provider_id)


@require_POST
@owner_required
@comes_back(lambda request, provider_id: _new_page(request, ProviderForm(request.POST)))
def provider_edit(request: PageRequest, provider_id: uuid.UUID) -> HttpResponse:
    row = _row(request, provider_id)
    form = ProviderForm(request.POST, instance=_row(request, provider_id))
    if not form.is_valid():
        return _page(request, row, edit=form, status=400)
    try:
        saved = provider_update(project=request.membership.project, provider_id=provider_id, secret=form.new_secret, **form.columns())
    except ModelProvider.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        form.add_error(None, error)
        return _page(request, row, edit=form, status=400)
    if saved.lost_key:
        messages.warning(request, LOST_KEY)
    messages.success(request, f"{saved.provider.name} is saved. Runs that a worker takes up from now on ask it like this.")
    return redirect("provider", provider_id)


@require_POST
@owner_required
def provider_end(request: PageRequest, provider_id: uuid.UUID) -> HttpResponse:
    with gone_is_404(ModelProvider.DoesNotExist):
        gone = provider_delete(project=request.membership.project, provider_id=provider_id)
    messages.success(request, f"The provider {gone.name} is deleted, its key and its prices with it.")
    return redirect("settings-providers")


@require_POST
@never_cache
@owner_required
def provider_test(request: PageRequest) -> HttpResponse:
    """One tiny real call. Answers with its result: the part of the page that htmx asks for, or a page."""
    form = TrialForm(request.POST)
    if not form.is_valid():
        return _tried(request, Trial("", error="Choose a provider, and a model name of at most 200 characters."), status=400)
    try:
        act_count(TRIALS, "tests of providers", person(request.user))
    except Problem as refused:
        return _tried(request, Trial(form.cleaned_data["provider"], error=refused.detail), status=429)
    return _tried(request, provider_try(project=request.membership.project, **form.cleaned_data))


def _tried(request: PageRequest, trial: Trial, status: int = 200) -> HttpResponse:
    if request.htmx:
        return render(request, "agents/_trial.html", {"trial": trial})
    return render(request, "agents/trial.html", {"tab": "providers", "trial": trial}, status=status)


def _row(request: PageRequest, provider_id: uuid.UUID) -> ModelProvider:
    return get_object_or_404(ModelProvider, pk=provider_id, project=request.membership.project)


def _page(
    request: PageRequest, row: ModelProvider, *, limits: LimitsForm | None = None, edit: ProviderForm | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "tab": "providers",
        "row": row,
        "provider": provider_load(row),
        "prices": provider_prices(request.membership.project, row.name),
        "has_secret": bool(row.secret_encrypted),
    }
    if request.membership.is_owner:
        context |= {"limits": limits or LimitsForm(instance=row), "edit": edit or ProviderForm(instance=row)}
    return render(request, "agents/provider.html", context, status=status)
