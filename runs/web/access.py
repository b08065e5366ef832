"""Who may open a page: the decorators of every view here. A reader works in one project, and rows of projects without them do not exist."""

import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from evalhub.accounts.models import Membership
from runs.models import EvalRun

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """The request of a page after the middleware: who reads, in which project, and whether htmx asks."""

    memberships: Sequence[Membership]
    membership: Membership
    htmx: HtmxDetails


def member_required(view: Callable[Concatenate[PageRequest, P], HttpResponse]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Signed in (else to the sign-in page and back) and in a project (else a page that says how to get into one)."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        page = cast(PageRequest, request)
        if not page.user.is_authenticated:
            # htmx would follow a redirect and put the sign-in page into a table; it reloads the page instead.
            return HttpResponseClientRefresh() if page.htmx else redirect_to_login(page.get_full_path())
        if not page.membership:  # lazy, so it is never None itself
            return render(page, "runs/no_project.html", status=403)
        return view(page, *args, **kwargs)

    return guarded


def require_editor(request: PageRequest) -> None:
    """Raises PermissionDenied, which becomes the 403 page, for a viewer."""
    if not request.membership.may_write:
        raise PermissionDenied("A viewer reads; editors and owners start and cancel runs.")


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
