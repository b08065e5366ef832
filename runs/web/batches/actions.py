"""What people ask of a batch on its page: cancel, resume, run again, delete."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from runs.batches import services
from runs.batches.request import BatchRefused
from runs.budget import BudgetSpent
from runs.services import NotInterrupted
from runs.web.access import PageRequest, member_required
from runs.web.batches.access import batch_editable


@require_POST
@member_required
def batch_cancel(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    batch_editable(request, batch_id)
    services.batch_cancel(batch_id=batch_id, project=request.membership.project)  # the page shows by itself that it stops, and that it has
    return redirect("batch", batch_id)


@require_POST
@member_required
def batch_resume(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    batch_editable(request, batch_id)
    try:
        services.batch_resume(batch_id=batch_id, project=request.membership.project)
    except NotInterrupted as refused:
        messages.warning(request, str(refused))
    return redirect("batch", batch_id)


@require_POST
@member_required
def batch_again(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    """A new batch of the same frozen cells, or of those that failed (`only=failed`), which is opened."""
    batch_editable(request, batch_id)
    only_failed = request.POST.get("only") == "failed"
    try:
        made = services.batch_again(batch_id=batch_id, project=request.membership.project, only_failed=only_failed)
    except (services.NotOver, BatchRefused, BudgetSpent) as refused:
        messages.error(request, str(refused))
        return redirect("batch", batch_id)
    messages.success(request, "This is the new batch. It asks what was frozen in the one before.")
    return redirect("batch", made.pk)


@require_POST
@member_required
def batch_delete(request: PageRequest, batch_id: uuid.UUID) -> HttpResponse:
    found = batch_editable(request, batch_id)
    services.batch_delete(batch_id=batch_id, project=request.membership.project)
    messages.success(request, f"Deleted the batch {found.title} with its children. What they cost stays in the figures of the project.")
    return redirect("batch-list")
