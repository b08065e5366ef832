"""The pages of templates: list, editor, duplicate and delete. Views parse, ask selectors or services, and render."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, member_required, require_editor
from evalhub.common.names import CASE, is_taken, told_apart
from evalhub.common.paging import first_rows, read_cursor, rows_after, write_cursor
from evalhub.common.problems import Problem
from templates_app import rows, services
from templates_app.access import author_of, own_or_refuse, template_or_404
from templates_app.diff import differences
from templates_app.forms import Editor
from templates_app.models import EvalTemplate
from templates_app.selectors import template_table
from templates_app.snapshot import content
from templates_app.versions import NewerVersion, version_list, version_number

PAGE_SIZE = 50
OWNERS = {"": "All", "own": "Yours", "system": "System"}


@require_GET
@member_required
def template_list(request: PageRequest) -> HttpResponse:
    query = request.GET
    kind, owner, search = query.get("type", ""), query.get("owner", ""), query.get("q", "").replace("\0", "").strip()[:200]
    kind, owner = kind if kind in EvalTemplate.Type.values else "", owner if owner in OWNERS else ""
    try:
        after = read_cursor(query.get("after", ""))
    except Problem:
        raise SuspiciousOperation("The address names a place in the list that cannot be read.") from None
    found = template_table(project=request.membership.project, template_type=kind, owner=owner, search=search)
    templates, more = first_rows(rows_after(found, after), PAGE_SIZE)
    labels = told_apart(dict(EvalTemplate.objects.visible_to(request.membership.project).order_by().values_list("pk", "name")))
    context = {
        "templates": [(template, labels.get(template.pk, template.name)) for template in templates],
        "more": write_cursor(templates[-1].created_at, templates[-1].id) if more else "",
        "query": {"q": search, "type": kind, "owner": owner},
        "types": [("", "Both types"), *EvalTemplate.Type.choices],
        "owners": list(OWNERS.items()),
        "filtered": bool(kind or owner or search or after),
        "may_write": request.membership.may_write,
    }
    return render(request, "templates_app/template_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def template_new(request: PageRequest) -> HttpResponse:
    require_editor(request)
    if request.method != "POST":
        return editor_page(request, Editor.of())
    if request.POST.get("op", "save") != "save":
        return _after_button(request, None)
    editor = Editor.checked(request.POST)
    _refuse_taken(request, editor)
    if editor.is_valid:
        try:
            template = services.template_create(project=request.membership.project, author=author_of(request), **editor.fields())
        except ValidationError as error:
            editor.refuse(error)
        else:
            messages.success(request, "Saved as version 1.")
            return redirect("template", template.id)
    return editor_page(request, editor, status=400)


def _again(request: PageRequest, template_id: uuid.UUID) -> HttpResponse:
    if request.POST.get("op", "save") != "save":
        return _after_button(request, None)
    return editor_page(request, Editor.typed(request.POST), status=404)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def template(request: PageRequest, template_id: uuid.UUID) -> HttpResponse:
    """The editor; to read, for a system template and for viewers."""
    found = template_or_404(request, template_id)
    if request.method == "POST":
        own_or_refuse(request, template_id)
        return _after_button(request, found) if request.POST.get("op", "save") != "save" else _saved(request, found)
    if found.is_system or not request.membership.may_write:
        return _reading_page(request, found)
    return editor_page(request, Editor.of(content(found), version=version_number(found)), found)


def _refuse_taken(request: PageRequest, editor: Editor, found: EvalTemplate | None = None) -> None:
    """Two templates of one name are hard to tell apart where one is chosen. The API may make them: evalhub.common.names says why."""
    name = editor.form.cleaned_data.get("name", "") if editor.form.is_valid() else ""
    others = EvalTemplate.objects.filter(project=request.membership.project)
    others = others.exclude(pk=found.pk) if found else others
    if name and name != (found and found.name) and is_taken(others, name):
        editor.form.add_error("name", f"Another template of this project is named {name}; {CASE}. Take another name, or change that one.")


def _saved(request: PageRequest, found: EvalTemplate) -> HttpResponse:
    editor = Editor.checked(request.POST)
    _refuse_taken(request, editor, found)
    if not editor.is_valid:
        return editor_page(request, editor, found, status=400)
    project = request.membership.project
    try:
        given = {"based_on": editor.form.cleaned_data["version"], "author": author_of(request), **editor.fields()}
        services.template_update(template_id=found.id, project=project, **given)
    except NewerVersion:
        return _conflict(request, found, editor)
    except EvalTemplate.DoesNotExist:
        raise Http404 from None
    except ValidationError as error:
        editor.refuse(error)
        return editor_page(request, editor, found, status=400)
    messages.success(request, f"Saved. This is version {version_number(found)}.")
    return redirect("template", found.id)


def _conflict(request: PageRequest, found: EvalTemplate, editor: Editor) -> HttpResponse:
    """Somebody saved meanwhile: what they changed and what saving would change again, above all that was typed. A second save is meant."""
    known = version_list(found)
    newest, mine = known.first(), services.as_content(editor.fields())
    base = known.filter(number=editor.form.cleaned_data["version"]).first()
    again = Editor.typed(request.POST)
    if newest is None:
        raise Http404
    again.form.initial["version"] = newest.number
    conflict = {
        "newest": newest,
        "theirs": differences(base.snapshot, newest.snapshot) if base else (),
        "mine": differences(newest.snapshot, mine),
    }
    return editor_page(request, again, found, status=409, conflict=conflict)


def _after_button(request: PageRequest, found: EvalTemplate | None) -> HttpResponse:
    """Add, remove or move a row without a script: nothing is checked, everything typed is kept."""
    after = rows.rows_after(request.POST)
    return editor_page(request, Editor.typed(request.POST, after.rows), found, after=after)


def editor_page(request: PageRequest, editor: Editor, found: EvalTemplate | None = None, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "editor": editor,
        "template": found,
        "action": reverse("template", args=[found.id]) if found else reverse("template-new"),
        "unsaved": status != 200 or "after" in more or "imported" in more,
        **more,
    }
    return render(request, "templates_app/template.html", context, status=status)


def _reading_page(request: PageRequest, found: EvalTemplate) -> HttpResponse:
    context = {"template": found, "editor": Editor.of(content(found)), "may_write": request.membership.may_write}
    return render(request, "templates_app/template_read.html", context)


@require_POST
@member_required
def template_duplicate(request: PageRequest, template_id: uuid.UUID) -> HttpResponse:
    """A copy of one's own: the way to change a system template."""
    found = template_or_404(request, template_id)
    require_editor(request)
    copy = services.template_duplicate(template=found, project=request.membership.project, author=author_of(request))
    messages.success(request, f"This is your copy of “{found.name}”.")
    return redirect("template", copy.id)


@require_POST
@member_required
def template_delete(request: PageRequest, template_id: uuid.UUID) -> HttpResponse:
    found = own_or_refuse(request, template_id)
    try:
        services.template_delete(template_id=found.id, project=request.membership.project)
    except (EvalTemplate.DoesNotExist, PermissionDenied):
        raise Http404 from None
    messages.success(request, f"“{found.name}” is deleted. Runs that were judged by it keep what it was.")
    return redirect("template-list")
