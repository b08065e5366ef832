"""The pages of a template's history, and templates that come and go as files."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.pages import PageRequest, member_required, require_editor
from templates_app import interchange, services
from templates_app.access import author_of, own_or_refuse, template_or_404
from templates_app.diff import differences, summary
from templates_app.forms import Editor
from templates_app.models import EvalTemplate, EvalTemplateVersion
from templates_app.snapshot import content
from templates_app.versions import version_list
from templates_app.views import editor_page

PAGE_SIZE = 30
MOST_BYTES = 2_500_000
MOST_DIGITS = 9  # what the databases' column takes
FORMATS = {"yaml": (interchange.as_yaml, "application/yaml"), "json": (interchange.as_json, "application/json")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A version, and what it changed in one line ("" for the first)."""

    version: EvalTemplateVersion
    changed: str


@require_GET
@never_cache
@member_required
def template_versions(request: PageRequest, template_id: uuid.UUID) -> HttpResponse:
    """All versions, newest first, and what differs between two: `from` and `to`, the newest and the one before it when nothing is said."""
    template = template_or_404(request, template_id)
    found = _page(template, request.GET) or [_now(template)]
    entries = [Entry(new, summary(old.snapshot, new.snapshot) if old else "") for new, old in zip(found, [*found[1:], None], strict=True)]
    shown = entries[:PAGE_SIZE]
    old, new = _compared(template, request.GET, found)
    context = {
        "template": template,
        "entries": shown,
        "more": shown[-1].version.number if len(found) > PAGE_SIZE else None,
        "old": old,
        "new": new,
        "newest": found[0].number if "before" not in request.GET else None,
        "changes": differences(old.snapshot, new.snapshot) if old and new else (),
        "may_write": request.membership.may_write and not template.is_system,
    }
    return render(request, "templates_app/versions.html", context)


def _page(template: EvalTemplate, query: QueryDict) -> list[EvalTemplateVersion]:
    """One more than is shown: the last one's change is told by what came before it."""
    versions, before = version_list(template), _number(query.get("before", ""))
    return list((versions.filter(number__lt=before) if before else versions)[: PAGE_SIZE + 1])


def _now(template: EvalTemplate) -> EvalTemplateVersion:
    """What a template was never changed from."""
    return EvalTemplateVersion(template=template, number=1, snapshot=content(template), created_at=template.updated_at)


def _compared(
    template: EvalTemplate, query: QueryDict, found: Sequence[EvalTemplateVersion]
) -> tuple[EvalTemplateVersion | None, EvalTemplateVersion | None]:
    """The two versions that the address names; without, the newest and the one before it."""
    wanted = [_number(query.get(name, "")) for name in ("from", "to")]
    if not any(wanted):
        return (found[1], found[0]) if len(found) > 1 else (None, found[0])
    known = {version.number: version for version in version_list(template).filter(number__in=[number for number in wanted if number])}
    old, new = (known.get(number) if number else None for number in wanted)
    if old is None or new is None:
        raise Http404
    return old, new


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


@require_POST
@member_required
def template_restore(request: PageRequest, template_id: uuid.UUID, number: int) -> HttpResponse:
    template = own_or_refuse(request, template_id)
    try:
        services.template_restore(template_id=template.id, project=request.membership.project, number=number, author=author_of(request))
    except (EvalTemplateVersion.DoesNotExist, EvalTemplate.DoesNotExist, OverflowError):
        raise Http404 from None
    messages.success(request, f"Version {number} is restored, as a version of its own: nothing of the history is lost.")
    return redirect("template-versions", template.id)


@require_GET
@member_required
def template_export(request: PageRequest, template_id: uuid.UUID, form: str) -> HttpResponse:
    """The template as a file that `template-import` reads."""
    template = template_or_404(request, template_id)
    write, kind = FORMATS[form]
    response = HttpResponse(write(interchange.as_data(template)), content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(template.name) or "template"}.{form}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
def template_import(request: PageRequest) -> HttpResponse:
    """A file or a pasted text becomes a filled editor: nothing is stored until it is saved there."""
    require_editor(request)
    if request.method != "POST":
        return _import_page(request)
    text, problems = _sent(request)
    if not problems:
        try:
            edited = interchange.read(text)
        except interchange.Unreadable as refused:
            problems = list(refused.problems)
        else:
            return editor_page(request, Editor.of(edited), imported=True)
    return _import_page(request, status=400, text=text, problems=problems)


def _sent(request: PageRequest) -> tuple[str, Sequence[str]]:
    """The text of the file, else what was pasted, and what is wrong with it."""
    file = request.FILES.get("file")
    if file is None:
        text = request.POST.get("text", "")
        return text, [] if text.strip() else ["Choose a file, or paste a template."]
    if (file.size or 0) > MOST_BYTES:
        return "", [f"The file is larger than {MOST_BYTES // 1_000_000} MB. A template is much smaller."]
    try:
        return file.read().decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return "", ["The file is not text in UTF-8. Save it as UTF-8 and choose it again."]


def _import_page(request: PageRequest, status: int = 200, **more: Any) -> HttpResponse:
    return render(request, "templates_app/template_import.html", more, status=status)
