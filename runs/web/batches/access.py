"""What the views of batches ask before they show or change one."""

import uuid

from django.http import Http404

from runs.models import Batch
from runs.web.access import PageRequest, require_editor


def batch_or_404(request: PageRequest, batch_id: uuid.UUID) -> Batch:
    """A batch of any project the reader is in, without its request and cells. The request then works in that project, as runs' do."""
    projects = {membership.project_id: membership for membership in request.memberships}
    found = Batch.objects.filter(pk=batch_id, project__in=projects).defer("request", "cells", "brands").first()
    if found is None:
        raise Http404
    request.membership = projects[found.project_id]
    return found


def batch_editable(request: PageRequest, batch_id: uuid.UUID) -> Batch:
    """The same, before the question of the role."""
    found = batch_or_404(request, batch_id)
    require_editor(request)
    return found
