"""What the views of this room ask before they show or change a run; who may open a page at all is said in evalhub.accounts.pages."""

import uuid
from typing import TypeVar

from django.db.models import QuerySet
from django.http import Http404

from evalhub.accounts.pages import PageRequest, member_required, owner_required, require_editor, sees_installation
from runs.models import Batch, EvalRun

__all__ = [
    "PageRequest",
    "member_required",
    "owner_required",
    "require_editor",
    "row_or_404",
    "run_editable",
    "run_or_404",
    "sees_installation",
]

R = TypeVar("R", EvalRun, Batch)


def row_or_404(request: PageRequest, rows: QuerySet[R], key: uuid.UUID) -> R:
    """A row of any project the reader is in. The request then works in the row's project, so that the role there holds.

    Only this request: a poll of a tab that is still open must not move the person back from the project they switched to.
    """
    projects = {membership.project_id: membership for membership in request.memberships}
    found = rows.filter(pk=key, project__in=projects).first()
    if found is None:
        raise Http404
    request.membership = projects[found.project_id]
    return found


def run_or_404(request: PageRequest, run_id: uuid.UUID) -> EvalRun:
    return row_or_404(request, EvalRun.objects.all(), run_id)


def run_editable(request: PageRequest, run_id: uuid.UUID) -> EvalRun:
    """The run, before the question of the role, which is the one in the run's project."""
    found = run_or_404(request, run_id)
    require_editor(request)
    return found
