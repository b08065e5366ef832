"""The files that runs can be taken away as."""

import uuid

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.common.downloads import download
from runs.exports import many, one
from runs.filters import RunFilters
from runs.web.access import PageRequest, member_required, run_or_404
from runs.web.bulk import selected


@require_GET
@member_required
def run_export(request: PageRequest, run_id: uuid.UUID, form: str) -> StreamingHttpResponse:
    """One run whole, as json, csv or md."""
    if form not in one.FORMS:
        raise Http404
    write, content_type = one.FORMS[form]
    run = run_or_404(request, run_id)
    return download(write(run), name=f"run-{run.id}.{form}", content_type=content_type)


@require_http_methods(["GET", "POST"])
@member_required
def runs_export(request: PageRequest, form: str) -> StreamingHttpResponse:
    """Many runs, as csv or jsonl: those that the address's filters leave, or, posted, those that are selected."""
    if form not in many.FORMS:
        raise Http404
    write, content_type = many.FORMS[form]
    project = request.membership.project
    asked_by_form = request.method == "POST"
    batches = iter([selected(request)]) if asked_by_form else many.found_ids(project, RunFilters(request.GET, project).wanted)
    return download(write(project, batches), name=f"runs-{timezone.now():%Y%m%d-%H%M}.{form}", content_type=content_type)
