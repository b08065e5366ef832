"""The list of runs. Views parse, ask selectors or services, and render; the page of one run is in `run_page`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from runs.web import listing
from runs.web.access import PageRequest, member_required


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("run-list")


@require_GET
@member_required
def run_list(request: PageRequest) -> HttpResponse:
    """The newest runs. htmx gets the rows alone: a polling table body, or the page after the last."""
    query = request.GET
    page = listing.run_page(
        project=request.membership.project, status=query.get("status", ""), after=query.get("after", ""), until=query.get("until", "")
    )
    template = "runs/_rows.html" if request.htmx else "runs/run_list.html"
    response = render(request, template, {"page": page, "filters": listing.filters(page.status)})
    response["Vary"] = "HX-Request"  # one address, two answers: a cache must not mix them
    return response
