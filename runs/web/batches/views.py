"""The pages of batches: the list, one batch with its live parts, and the children of a cell."""

import uuid

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.middleware import enter_project
from evalhub.common.downloads import download
from runs.batches.matrix import Wanted, children
from runs.exports import batches as exports
from runs.models import Batch
from runs.web.access import PageRequest, member_required
from runs.web.batches import detail
from runs.web.batches.access import batch_or_404
from runs.web.batches.filters import ChildListFilters
from runs.web.batches.listing import batches_page


@require_GET
@never_cache
@member_required
def batch_list(request: PageRequest) -> HttpResponse:
    """The page; for htmx more rows, or with `part=rows` those that are shown already."""
    page = batches_page(project=request.membership.project, query=request.GET)
    context = {"page": page, "may_write": request.membership.may_write}
    if request.htmx:
        return render(request, "runs/batches/_rows.html", context)
    if not page.rows and not page.filters.query:
        context["has_none"] = not Batch.objects.of(request.membership.project).exists()
    return render(request, "runs/batches/list.html", context)


@require_GET
@never_cache
@member_required
def batch(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    """The page; for htmx its results alone, by the filters of the address."""
    came_from = request.membership.project_id
    found = batch_or_404(request, batch_id)
    context = detail.results(found, request.GET) | {"may_write": request.membership.may_write}
    if request.htmx:
        return render(request, "runs/batches/_results.html", context)
    if found.project_id != came_from:
        enter_project(request, request.membership)
    return render(request, "runs/batches/batch.html", context | {"head": detail.head(found), "now": timezone.now()})


@require_GET
@never_cache
@member_required
def batch_now(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    """How it stands, for the page that asks every few seconds while it is seen."""
    found = batch_or_404(request, batch_id)
    if not request.htmx:
        return redirect("batch", batch_id)
    context = {"head": detail.head(found), "batch": found, "title": found.title, "may_write": request.membership.may_write}
    return render(request, "runs/batches/_head.html", context)


@require_GET
@never_cache
@member_required
def batch_children(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Children that the filters of the address leave; for htmx the rows that follow."""
    found = batch_or_404(request, batch_id)
    context = detail.children_list(found, request.GET)
    return render(request, "runs/batches/_children.html" if request.htmx else "runs/batches/children.html", context)


@require_GET
@member_required
def batch_cell(request: PageRequest, batch_id: uuid.UUID, subject: int, target: int) -> HttpResponse:
    """The run of a cell, or the list of its runs where several profiles were asked."""
    found = batch_or_404(request, batch_id)
    trials, more = children(batch=found, wanted=Wanted(subject=subject, target=target), size=1)
    if not trials:
        raise Http404
    if more:
        return redirect(detail.child_href(found, f"target={target}&subject={subject}"))
    return redirect("run", trials[0].pk)


@require_GET
@member_required
def batch_export(request: PageRequest, batch_id: uuid.UUID, form: str) -> StreamingHttpResponse:
    """Its children as csv or jsonl, as far as the filters of the address leave them."""
    if form not in exports.FORMS:
        raise Http404
    write, content_type = exports.FORMS[form]
    found = batch_or_404(request, batch_id)
    return download(write(found, ChildListFilters(request.GET, found).wanted), name=f"batch-{found.pk}.{form}", content_type=content_type)
