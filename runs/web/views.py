"""The list of runs. Views parse, ask selectors or services, and render; the page of one run is in `run_page`."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from runs.finding import LOOK_AT
from runs.web import listing
from runs.web.access import PageRequest, member_required


@require_GET
@member_required
def run_list(request: PageRequest) -> HttpResponse:
    """The runs that the address asks for. htmx gets the rows alone: a polling table body, or the page after the last."""
    page = listing.run_page(project=request.membership.project, query=request.GET)
    template = "runs/_rows.html" if request.htmx else "runs/run_list.html"
    context = {"page": page, "may_write": request.membership.may_write, "look_at": LOOK_AT, "now": timezone.now()}
    response = render(request, template, context)
    response["Vary"] = "HX-Request"  # one address, two answers: a cache must not mix them
    return response
