"""What the views of batches ask before they show or change one."""

import uuid

from runs.models import Batch
from runs.web.access import PageRequest, require_editor, row_or_404


def batch_or_404(request: PageRequest, batch_id: uuid.UUID) -> Batch:
    """Without its request and cells."""
    return row_or_404(request, Batch.objects.defer("request", "cells", "brands"), batch_id)


def batch_editable(request: PageRequest, batch_id: uuid.UUID) -> Batch:
    """The batch, before the question of the role, which is the one in the batch's project."""
    found = batch_or_404(request, batch_id)
    require_editor(request)
    return found
