"""Pages of brands: the project's own and its competitors', which answers are searched for."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from templates_app.models import Brand
from templates_app.prompts import brands, selectors
from templates_app.prompts.forms import BrandForm


@require_GET
@member_required
def brand_list(request: PageRequest) -> HttpResponse:
    found = list(selectors.brand_list(project=request.membership.project))
    own = [brand for brand in found if brand.is_own]
    context = {"own": own, "company": own[0] if own else None, "others": found[len(own) :], "may_write": request.membership.may_write}
    return render(request, "prompts/brands.html", context)


def _again(request: PageRequest, brand_id: uuid.UUID) -> HttpResponse:
    return render(request, "prompts/brand.html", {"form": BrandForm(request.POST), "brand": None})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def brand_new(request: PageRequest) -> HttpResponse:
    """`?own=1` ticks that it is our own."""
    require_editor(request)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def brand(request: PageRequest, brand_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, brand_id)
    require_editor(request)
    return _form(request, found)


def _or_404(request: PageRequest, brand_id: uuid.UUID) -> Brand:
    return get_object_or_404(Brand, pk=brand_id, project=request.membership.project)


def _form(request: PageRequest, found: Brand | None) -> HttpResponse:
    if request.method != "POST":
        form = BrandForm(brand=found) if found else BrandForm(initial={"is_own": "own" in request.GET})
        return render(request, "prompts/brand.html", {"form": form, "brand": found})
    form = BrandForm(request.POST, brand=found)
    saved = _saved(request, form) if form.is_valid() else None
    if saved is None:
        return render(request, "prompts/brand.html", {"form": form, "brand": found}, status=400)
    messages.success(request, f"{saved.name} is saved, and looked for in answers from now on.")
    return redirect("brand-list")


def _saved(request: PageRequest, form: BrandForm) -> Brand | None:
    """The brand, or None with what a service refused put beside its field."""
    project, data = request.membership.project, form.cleaned_data
    try:
        with gone_is_404(Brand.DoesNotExist), form.refusals():
            if form.brand:
                return brands.brand_update(brand_id=form.brand.pk, project=project, **data)
            return brands.brand_create(project=project, **data)
    except brands.BrandConflict as conflict:
        form.add_error(conflict.field, str(conflict))
    return None


@require_POST
@member_required
def brand_delete(request: PageRequest, brand_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, brand_id)
    require_editor(request)
    with gone_is_404(Brand.DoesNotExist):
        brands.brand_delete(brand_id=found.pk, project=request.membership.project)
    messages.success(request, f"{found.name} is no longer looked for. What was counted stays.")
    return redirect("brand-list")
