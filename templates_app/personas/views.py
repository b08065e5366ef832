"""The persona library: who simulated users are. Members read; editors write."""

import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from evalhub.common.paging import Keyset, read_cursor, write_cursor
from evalhub.common.problems import Problem
from evalhub.common.rows import rows_changed
from templates_app.models import Persona
from templates_app.personas import content, selectors, services
from templates_app.personas.forms import ImportForm, PersonaForm

PAGE_SIZE = 30
LONGEST_SEARCH = 200
TYPES = {"json": "application/json", "yaml": "application/yaml"}


@require_GET
@member_required
def persona_list(request: PageRequest) -> HttpResponse:
    """Newest first. htmx gets the rows alone: the next ones, or those of another search."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH].replace("\x00", "")
    after = _place(request.GET.get("after", ""))
    wanted = selectors.persona_list(project=request.membership.project, search=search)
    personas, more = selectors.persona_page(personas=wanted, size=PAGE_SIZE, after=after)
    context = {"personas": personas, "search": search, "is_first": after is None, "more_href": _more(search, personas[-1]) if more else ""}
    template = "personas/_rows.html" if request.htmx else "personas/list.html"
    response = render(request, template, context | {"may_write": request.membership.may_write})
    response["Vary"] = "HX-Request"  # one address, two answers: a cache must not mix them
    return response


def _more(search: str, last: Persona) -> str:
    query = {"q": search, "after": write_cursor(last.created_at, last.id)}
    return f"{reverse('persona-list')}?{urlencode({name: value for name, value in query.items() if value})}"


def _place(cursor: str) -> Keyset | None:
    try:
        return read_cursor(cursor)
    except Problem:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None


def _or_404(request: PageRequest, persona_id: uuid.UUID) -> Persona:
    return get_object_or_404(Persona, pk=persona_id, project=request.membership.project)


def _again(request: PageRequest, persona_id: uuid.UUID) -> HttpResponse:
    changed = rows_changed(request.POST, PersonaForm(request.POST).fields)
    return _page(request, PersonaForm(changed or request.POST))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def persona_new(request: PageRequest) -> HttpResponse:
    require_editor(request)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def persona(request: PageRequest, persona_id: uuid.UUID) -> HttpResponse:
    """The form for editors; a viewer reads the same as a page."""
    found = _or_404(request, persona_id)
    if not request.membership.may_write:
        if request.method == "POST":
            require_editor(request)
        return render(request, "personas/persona.html", {"persona": found})
    return _form(request, found)


def _form(request: PageRequest, found: Persona | None) -> HttpResponse:
    """The form as it is stored; as it was sent, with a row more or less; or saved and left."""
    if request.method != "POST":
        return _page(request, PersonaForm(persona=found))
    form = PersonaForm(request.POST, persona=found)
    changed = rows_changed(request.POST, form.fields)
    if changed is not None:
        return _page(request, PersonaForm(changed, persona=found).unjudged())
    saved = _saved(request, form) if form.is_valid() else None
    if saved is None:
        return _page(request, form, status=400)
    messages.success(request, f"{saved.name} is saved.")
    return redirect("persona", saved.id)


def _saved(request: PageRequest, form: PersonaForm) -> Persona | None:
    """The persona, or None with what a service refused put beside its field."""
    project, columns = request.membership.project, form.columns()
    with gone_is_404(Persona.DoesNotExist), form.refusals(name=services.PersonaConflict):
        if form.persona:
            return services.persona_update(persona_id=form.persona.id, project=project, **columns)
        return services.persona_create(project=project, **columns)
    return None


def _page(request: PageRequest, form: Any, status: int = 200) -> HttpResponse:
    return render(request, "personas/form.html", {"form": form, "persona": form.persona}, status=status)


@require_POST
@member_required
def persona_duplicate(request: PageRequest, persona_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, persona_id)
    require_editor(request)
    with gone_is_404(Persona.DoesNotExist):
        copy = services.persona_duplicate(persona_id=found.id, project=request.membership.project)
    messages.success(request, f"This is a copy of {found.name}. Give it a name of its own.")
    return redirect("persona", copy.id)


@require_POST
@member_required
def persona_delete(request: PageRequest, persona_id: uuid.UUID) -> HttpResponse:
    found = _or_404(request, persona_id)
    require_editor(request)
    with gone_is_404(Persona.DoesNotExist):
        services.persona_delete(persona_id=found.id, project=request.membership.project)
    messages.success(request, f"{found.name} is deleted. Runs that were played with it keep it.")
    return redirect("persona-list")


@require_GET
@member_required
def persona_file(request: PageRequest, persona_id: uuid.UUID, kind: str) -> HttpResponse:
    """A persona as a file to take away."""
    if kind not in TYPES:
        raise Http404
    found = _or_404(request, persona_id)
    name = slugify(found.name) or "persona"
    headers: Mapping[str, str] = {"Content-Disposition": f'attachment; filename="{re.sub(r"[^a-z0-9_-]", "", name)[:80]}.{kind}"'}
    return HttpResponse(content.persona_text(found, kind), content_type=f"{TYPES[kind]}; charset=utf-8", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def persona_import(request: PageRequest) -> HttpResponse:
    """A file of personas becomes part of the library, all of it or none."""
    require_editor(request)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if not form.is_bound or not form.is_valid():
        return render(request, "personas/import.html", {"form": form}, status=400 if form.is_bound else 200)
    made = services.personas_import(project=request.membership.project, given=form.cleaned_data["personas"])
    messages.success(request, f"Imported {', '.join(persona.name for persona in made[:5])}{' …' if len(made) > 5 else ''}.")
    return redirect("persona", made[0].id) if len(made) == 1 else redirect("persona-list")
