"""What the views of this room ask before they show or change a run; who may open a page at all is said in evalhub.accounts.pages."""

import uuid

from django.http import Http404

from evalhub.accounts.pages import PageRequest, member_required, owner_required, require_editor, sees_installation
from runs.models import EvalRun

__all__ = ["PageRequest", "member_required", "owner_required", "require_editor", "run_or_404", "sees_installation"]


def run_or_404(request: PageRequest, run_id: uuid.UUID) -> EvalRun:
    """A run of any project the reader is in. The request then works in the run's project, so that the role there holds.

    Only this request: a poll of a tab that is still open must not move the person back from the project they switched to.
    """
    projects = {membership.project_id: membership for membership in request.memberships}
    run = EvalRun.objects.filter(pk=run_id, project__in=projects).first()
    if run is None:
        raise Http404
    request.membership = projects[run.project_id]
    return run
