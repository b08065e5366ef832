"""Who may open a page: the decorators of every view of pages. Rows of projects that a reader is not in do not exist for them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from evalhub.accounts.models import Membership

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """The request of a page after the middleware: who reads, in which project, and whether htmx asks."""

    memberships: Sequence[Membership]
    membership: Membership
    htmx: HtmxDetails
    is_gone: bool  # the row of the form that was sent; set by evalhub.accounts.gone alone


PageView = Callable[Concatenate[PageRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def member_required(
    view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Signed in (else to the sign-in page and back) and in a project (else a page that says how to get into one)."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        page = cast(PageRequest, request)
        if not page.user.is_authenticated:
            # htmx would follow a redirect and put the sign-in page into a table; it reloads the page instead.
            return HttpResponseClientRefresh() if page.htmx else redirect_to_login(page.get_full_path())
        if not page.membership:  # lazy, so it is never None itself
            return render(page, "accounts/no_project.html", status=403)
        return view(page, *args, **kwargs)

    return guarded


def owner_required(
    view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A member who owns the project they work in; the 403 page for every other member."""

    @wraps(view)
    def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.membership.is_owner:
            raise PermissionDenied(f"This page is for owners of {request.membership.project}; you are its {request.membership.role}.")
        return view(request, *args, **kwargs)

    return member_required(guarded)


def sees_installation(request: PageRequest) -> bool:
    """Whether figures of all projects together, and of the machines, may be shown: to staff, who look after the installation."""
    return bool(getattr(request.user, "is_staff", False))


def require_editor(request: PageRequest) -> None:
    """Raises PermissionDenied, which becomes the 403 page, for a viewer."""
    if not request.membership.may_write:
        raise PermissionDenied("A viewer reads; editors and owners start and cancel runs.")


@contextmanager
def gone_is_404(*missing: type[ObjectDoesNotExist]) -> Iterator[None]:
    """`missing` are the DoesNotExist of models: somebody may delete a row between the look at it and the change."""
    try:
        yield
    except missing:
        raise Http404 from None
