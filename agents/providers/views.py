"""The pages of model providers: what is asked of them just now, and how much may be. Members read; owners set limits."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from agents.forms import LimitsForm
from agents.limits.states import ProviderState
from agents.models import ModelProvider
from agents.selectors import provider_load, provider_loads
from evalhub.accounts.pages import PageRequest, member_required, sees_installation


@require_GET
@never_cache
@member_required
def provider_list(request: PageRequest) -> HttpResponse:
    may_add = request.membership.is_owner and request.user.has_perm("agents.add_modelprovider")
    providers = provider_loads(request.membership.project, of_all=sees_installation(request))
    return render(request, "agents/provider_list.html", {"tab": "providers", "providers": providers, "may_add": may_add})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def provider(request: PageRequest, provider_id: uuid.UUID) -> HttpResponse:
    """A provider of the project; another project's does not exist. An owner's POST sets its limits."""
    row = get_object_or_404(ModelProvider, pk=provider_id, project=request.membership.project)
    state, owner = provider_load(row), request.membership.is_owner  # the state first: a form writes into the row what it then refuses
    if request.method == "POST":
        if not owner:
            raise PermissionDenied("Owners set the limits of a provider.")
        form = LimitsForm(request.POST, instance=row)
        if form.is_valid():
            form.save()
            messages.success(request, "The limits are saved. Workers keep to them within seconds.")
            return redirect("provider", provider_id)
        return _page(request, row, state, form, status=400)
    return _page(request, row, state, LimitsForm(instance=row) if owner else None)


def _page(request: PageRequest, row: ModelProvider, state: ProviderState, form: LimitsForm | None, status: int = 200) -> HttpResponse:
    context = {
        "tab": "providers",
        "row": row,
        "provider": state,
        "form": form,
        "has_secret": bool(row.secret_encrypted),
        "may_administer": request.membership.is_owner and request.user.has_perm("agents.change_modelprovider"),
    }
    return render(request, "agents/provider.html", context, status=status)
