"""Pages of API sources: the list, one with its operations and the report of its import, and the forms. Members read; editors write."""

import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.gone import comes_back, typed_page
from evalhub.accounts.once import once
from evalhub.accounts.pages import PageRequest, gone_is_404, member_required, require_editor
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition, SourceType
from templates_app.sources import importing, selectors, services
from templates_app.sources.forms import DocumentForm, SourceForm

GONE = (ApiSource.DoesNotExist, ApiOperation.DoesNotExist, EnvProfile.DoesNotExist, EvalDefinition.DoesNotExist)
PAGE_SIZE = 100
LONGEST_SEARCH = 200
KINDS = {
    SourceType.REST_API: "A model writes a request; EvalHub checks it against the API's OpenAPI document, sends it and checks the answer.",
    SourceType.SDK: "A model writes code with a library; EvalHub runs it in a sandbox.",
    SourceType.CLI: "A model writes a command line; EvalHub runs it in a sandbox.",
}


@require_GET
@member_required
def source_list(request: PageRequest) -> HttpResponse:
    """All of a project: there are a handful."""
    rows = selectors.source_list(project=request.membership.project)
    return render(request, "sources/list.html", {"sources": rows, "kinds": KINDS, "may_write": request.membership.may_write})


def source_or_404(request: PageRequest, source_id: uuid.UUID) -> ApiSource:
    with gone_is_404(*GONE):
        return selectors.source_get(project=request.membership.project, source_id=source_id)


@require_GET
@member_required
def source(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    """One source: what it is, its operations with their filters, its environments, and what the last import skipped."""
    found = source_or_404(request, source_id)
    query = {"q": _text(request.GET.get("q", "")), "category": _text(request.GET.get("category", ""))}
    wanted = selectors.operation_list(source=found, search=query["q"], category=query["category"])
    matching, first = _page_of(request.GET.get("from", ""), wanted.count())
    evals = Prefetch("definitions", EvalDefinition.objects.only("id", "operation_id", "enabled", "eval_type").order_by("created_at", "id"))
    context = {
        "source": found,
        "what": KINDS.get(SourceType(found.source_type), ""),
        "operations": wanted.prefetch_related(evals)[first : first + PAGE_SIZE],
        "matching": matching,
        "first": first,
        "query": query,
        "before_href": _href(found, query, first - PAGE_SIZE) if first else "",
        "more_href": _href(found, query, first + PAGE_SIZE) if first + PAGE_SIZE < matching else "",
        "categories": selectors.operation_categories(source=found),
        "profiles": selectors.profile_list(project=request.membership.project, source=found),
        "gone": selectors.operation_list(source=found, with_gone=True).filter(is_active=False)[:PAGE_SIZE],
        "is_rest": found.source_type == SourceType.REST_API,
        "may_write": request.membership.may_write,
    }
    return render(request, "sources/source.html", context)


def _text(given: str) -> str:
    return given.strip()[:LONGEST_SEARCH].replace("\x00", "")


def _page_of(given: str, count: int) -> tuple[int, int]:
    """How many there are, and which one the page begins with."""
    first = int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 0
    return count, min(first, max(count - 1, 0)) // PAGE_SIZE * PAGE_SIZE


def _href(source: ApiSource, query: Mapping[str, str], first: int) -> str:
    told = {name: value for name, value in {**query, "from": str(first) if first > 0 else ""}.items() if value}
    return reverse("source", args=[source.pk]) + (f"?{urlencode(told)}" if told else "")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@once
def source_new(request: PageRequest) -> HttpResponse:
    """The kind is in the address, so that the form asks for what belongs to it."""
    require_editor(request)
    return _form(request, _kind(request.GET), None)


def _kind(asked: QueryDict) -> SourceType:
    named = asked.get("kind", "")
    return SourceType(named) if named in KINDS else SourceType.REST_API


def _again(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    kind = _kind(request.POST)
    return _form_page(request, kind, _source_form(request, kind, None))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(_again)
def source_edit(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    found = source_or_404(request, source_id)
    require_editor(request)
    return _form(request, SourceType(found.source_type), found)


def _source_form(request: PageRequest, kind: SourceType, found: ApiSource | None) -> SourceForm:
    profiles = list(selectors.profile_list(project=request.membership.project))
    profiles = [each for each in profiles if each.source_id in (None, found and found.pk)]
    sent = request.POST if request.method == "POST" else None
    # A command is run by the machine itself where there is no sandbox, as a coding agent's is, which owners set, too.
    may_command = request.membership.is_owner or not settings.ALLOW_UNSANDBOXED
    return SourceForm(sent, source_type=kind, profiles=profiles, source=found, may_command=may_command)


def _form_page(request: PageRequest, kind: SourceType, form: SourceForm) -> HttpResponse:
    context = {"form": form, "source": form.source, "kind": kind, "kinds": KINDS}
    return render(request, "sources/form.html", context, status=400 if form.is_bound else 200)


def _form(request: PageRequest, kind: SourceType, found: ApiSource | None) -> HttpResponse:
    form = _source_form(request, kind, found)
    saved = _saved(request, kind, form) if form.is_bound and form.is_valid() else None
    if saved is None:
        return _form_page(request, kind, form)
    messages.success(request, f"{saved.label} is saved.")
    needs_document = found is None and kind == SourceType.REST_API
    return redirect("source-import" if needs_document else "source", saved.pk)


def _saved(request: PageRequest, kind: SourceType, form: SourceForm) -> ApiSource | None:
    project = request.membership.project
    with gone_is_404(*GONE), form.refusals():
        if form.source:
            return services.source_update(project=project, source_id=form.source.pk, **form.columns())
        return services.source_create(project=project, source_type=kind, **form.columns())
    return None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required
@comes_back(lambda request, source_id: typed_page(request, DocumentForm(request.POST)))
def source_import(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    """Take the operations of a document, the first time or again."""
    found = source_or_404(request, source_id)
    require_editor(request)
    if found.source_type != SourceType.REST_API:
        messages.error(request, "Only a REST API has a document. Operations of libraries and tools are entered by hand.")
        return redirect("source", found.pk)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = DocumentForm(*sent, stored_url=found.document_url)
    report = _imported(request, found, form) if form.is_bound and form.is_valid() else None
    if report is None:
        return render(request, "sources/import.html", {"form": form, "source": found}, status=400 if form.is_bound else 200)
    messages.success(request, _told(report))
    return redirect("source", found.pk)


def _imported(request: PageRequest, found: ApiSource, form: DocumentForm) -> importing.Report | None:
    data, project = form.cleaned_data, request.membership.project
    try:
        text = data["document"] or importing.document_fetch(data["url"])
        with gone_is_404(*GONE):
            return importing.source_import(project=project, source_id=found.pk, text=text, url=data["url"])
    except importing.ImportRefused as refusal:
        form.add_error("file" if data.get("file") else "text" if data["document"] else "url", str(refusal))
    return None


def _told(report: importing.Report) -> str:
    parts = [
        f"{report['imported']:,} operations taken: {report['added']:,} new, {report['changed']:,} changed, {report['removed']:,} gone."
    ]
    parts += [f"{report['skipped_count']:,} skipped: see why below."] if report["skipped_count"] else []
    return " ".join(parts)


@require_POST
@member_required
def source_select(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    """Which of the operations that the page showed run where none are named; those it did not show stay as they are."""
    found = source_or_404(request, source_id)
    require_editor(request)
    shown, ticked = _keys(request.POST.getlist("shown")), _keys(request.POST.getlist("operation"))
    mine = set(found.operations.filter(pk__in=shown).values_list("pk", flat=True))
    kept = set(found.operations.filter(is_selected=True).values_list("pk", flat=True)) - mine
    with gone_is_404(*GONE):
        services.operations_select(project=request.membership.project, source_id=found.pk, keys=kept | (ticked & mine))
    messages.success(request, "Saved which operations run where none are named.")
    query = {name: _text(request.POST.get(name, "")) for name in ("q", "category")}
    first = request.POST.get("from", "")
    return redirect(_href(found, query, int(first) if first.isascii() and first.isdigit() and len(first) < 8 else 0))


def _keys(given: list[str]) -> set[uuid.UUID]:
    """Those that can be ids, at most a page of them."""
    found = set()
    for text in given[:PAGE_SIZE]:
        try:
            found.add(uuid.UUID(text))
        except ValueError:
            continue
    return found


@require_POST
@member_required
def source_delete(request: PageRequest, source_id: uuid.UUID) -> HttpResponse:
    found = source_or_404(request, source_id)
    require_editor(request)
    with gone_is_404(*GONE):
        services.source_delete(project=request.membership.project, source_id=found.pk)
    messages.success(request, f"{found.label} is deleted. What has run stays.")
    return redirect("source-list")
