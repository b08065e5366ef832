"""The files that runs can be taken away as."""

import uuid

from django.http import Http404, StreamingHttpResponse
from django.views.decorators.http import require_GET

from runs.exports import one
from runs.web.access import PageRequest, member_required, run_or_404
from runs.web.downloads import download


@require_GET
@member_required
def run_export(request: PageRequest, run_id: uuid.UUID, form: str) -> StreamingHttpResponse:
    """One run whole, as json, csv or md."""
    if form not in one.FORMS:
        raise Http404
    write, content_type = one.FORMS[form]
    run = run_or_404(request, run_id)
    return download(write(run), name=f"run-{run.id}.{form}", content_type=content_type)
