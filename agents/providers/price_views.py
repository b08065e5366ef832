"""The page of a project's own prices. Members read; owners change."""

import uuid

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from agents.models import ModelPrice
from agents.providers.forms import PriceForm
from agents.providers.services import price_delete, price_set
from agents.selectors import price_find, provider_names, provider_prices
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, owner_required


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def prices(request: PageRequest) -> HttpResponse:
    """The list; an owner's POST sets the price of a model, whether it had one or not. `?change=ID` opens the form with one."""
    names = provider_names(request.membership.project)
    if request.method != "POST":
        chosen = price_find(request.membership.project, request.GET.get("change", ""))
        return _page(request, names, PriceForm(providers=_with(names, chosen), instance=chosen, initial=_asked(request)))
    if not request.membership.is_owner:
        raise PermissionDenied("Owners set the prices of a project.")
    form = PriceForm(request.POST, providers=[*names, *_old_names(request, names)])
    if not form.is_valid():
        return _page(request, names, form, status=400)
    person = request.user if isinstance(request.user, User) else None
    price = price_set(project=request.membership.project, changed_by=person, **form.cleaned_data)
    messages.success(request, f"The price of {price} is saved. It counts in runs taken up from now on; calls that were made keep theirs.")
    return redirect("settings-prices")


@require_POST
@owner_required
def price_end(request: PageRequest, price_id: uuid.UUID) -> HttpResponse:
    with gone_is_404(ModelPrice.DoesNotExist):
        price = price_delete(project=request.membership.project, price_id=price_id)
    messages.success(request, f"{price} has no price of its own any more. Where the price list knows none either, its calls are unpriced.")
    return redirect("settings-prices")


def _asked(request: PageRequest) -> dict[str, str]:
    """What a link may have filled in."""
    return {key: request.GET[key] for key in ("provider", "model") if key in request.GET and "\x00" not in request.GET[key]}


def _with(names: list[str], chosen: ModelPrice | None) -> list[str]:
    return names if chosen is None or chosen.provider in names else [*names, chosen.provider]


def _old_names(request: PageRequest, names: list[str]) -> set[str]:
    """Providers that are gone and still have prices: those may be corrected."""
    return {price.provider for price in provider_prices(request.membership.project)} - set(names)


def _page(request: PageRequest, names: list[str], form: PriceForm, status: int = 200) -> HttpResponse:
    rows = provider_prices(request.membership.project)
    return render(request, "agents/prices.html", {"tab": "providers", "rows": rows, "names": names, "form": form}, status=status)
