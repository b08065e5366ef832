"""Puts `request.memberships` and `request.membership` on every page's request: where its reader is a member, and where they work now.

Lazy, so that static files cost no query; one query answers both. Beside it: when a browser was last seen.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from evalhub.accounts.models import Membership
from evalhub.accounts.selectors import membership_among, memberships_of
from evalhub.accounts.sessions import session_seen

SESSION_KEY = "project"  # the WebSocket of a run reads it too


class ProjectMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        memberships_put(request)
        return self.get_response(request)


class SeenMiddleware:
    """Notes now and then that a browser is still in use. Asks nothing of a session that the request did not ask itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed:
            session_seen(request)
        return response


def memberships_put(request: HttpRequest) -> None:
    """The middleware's work, for requests that do not come through it. They need `session` and `user`."""
    memberships = SimpleLazyObject(lambda: memberships_of(request.user))
    current = SimpleLazyObject(lambda: membership_among(memberships, request.session.get(SESSION_KEY, "")))  # type: ignore[arg-type]
    request.memberships, request.membership = memberships, current  # type: ignore[attr-defined]


def enter_project(request: HttpRequest, membership: Membership) -> None:
    """This request and the person's next ones work in the membership's project."""
    request.session[SESSION_KEY] = str(membership.project_id)  # by id: a project may be renamed while people work in it
    request.membership = membership  # type: ignore[attr-defined]
