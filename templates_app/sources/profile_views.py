"""Pages of environments. Names of variables are shown to members; their values to nobody."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from evalhub.common.rows import rows_changed
from templates_app.models import ApiSource, EnvProfile
from templates_app.sources import profiles, selectors, services
from templates_app.sources.profile_forms import ProfileForm
from templates_app.sources.views import GONE


@require_GET
@member_required
def profile_list(request: PageRequest) -> HttpResponse:
    """All of a project: there are a handful."""
    rows = selectors.profile_list(project=request.membership.project)
    return render(request, "environments/list.html", {"profiles": rows, "may_write": request.membership.may_write})


def _given(request: PageRequest, found: EnvProfile | None) -> dict[str, Any]:
    project = request.membership.project
    sources = list(selectors.source_list(project=project))
    return {"sources": sources, "profile": found, "whose": f"{project.pk} {request.user.pk}"}


def _again(request: PageRequest, profile_id: uuid.UUID) -> HttpResponse:
    """Values that were typed go along sealed; those that were stored went with the environment."""
    given = _given(request, None)
    changed = rows_changed(request.POST, ProfileForm(request.POST, **given).fields)
    return _page(request, ProfileForm(changed or request.POST, **given))


@sensitive_post_parameters("variables_value", "variables_sealed")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def profile_new(request: PageRequest) -> HttpResponse:
    require_editor(request)
    return _form(request, None)


@sensitive_post_parameters("variables_value", "variables_sealed")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def profile(request: PageRequest, profile_id: uuid.UUID) -> HttpResponse:
    """The form for editors; a viewer reads the same as a page."""
    found = _or_404(request, profile_id)
    if not request.membership.may_write:
        if request.method == "POST":
            require_editor(request)
        return render(request, "environments/environment.html", {"profile": found})
    return _form(request, found)


def _or_404(request: PageRequest, profile_id: uuid.UUID) -> EnvProfile:
    with gone_is_404(*GONE):
        return selectors.profile_get(project=request.membership.project, profile_id=profile_id)


def _form(request: PageRequest, found: EnvProfile | None) -> HttpResponse:
    given = _given(request, found)
    if request.method != "POST":
        if found is None:
            given["initial"] = {"source": request.GET.get("source", ""), "variables": [{}]}
        return _page(request, ProfileForm(**given))
    form = ProfileForm(request.POST, **given)
    changed = rows_changed(request.POST, form.fields)
    if changed is not None:
        return _page(request, ProfileForm(changed, **given).unjudged())
    saved = _saved(request, form) if form.is_valid() else None
    if saved is None:
        return _page(request, form, status=400)
    if found is None and saved.source:
        messages.success(request, f"{saved.name} is saved. {_told_default(saved.source, saved)}")
        return redirect("source", saved.source.pk)
    messages.success(request, f"{saved.name} is saved.")
    return redirect("profile-list")


def _told_default(source: ApiSource, made: EnvProfile) -> str:
    """A source's first environment is what it runs in by default: whoever makes one for it means it to be used."""
    with suppress(*GONE):
        source = services.source_default_fill(project=source.project, source_id=source.pk, profile=made)
    if source.default_env_profile_id == made.pk:
        return f"{source.label} runs in it wherever nothing else is said."
    return f"Tick it in a batch, or make it the default of {source.label} under Edit."


def _saved(request: PageRequest, form: ProfileForm) -> EnvProfile | None:
    project = request.membership.project
    with gone_is_404(*GONE), form.refusals():
        if form.profile:
            return profiles.env_profile_update(project=project, profile_id=form.profile.pk, **form.columns())
        return profiles.env_profile_create(project=project, **form.columns())
    return None


def _page(request: PageRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    return render(request, "environments/form.html", {"form": form, "profile": form.profile}, status=status)


@require_POST
@member_required
def profile_delete(request: PageRequest, profile_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, profile_id)
    require_editor(request)
    with gone_is_404(*GONE):
        profiles.env_profile_delete(project=request.membership.project, profile_id=found.pk)
    messages.success(request, f"{found.name} and its values are deleted.")
    return redirect("profile-list")
