"""Puts `request.membership` on every page's request: in which project its reader works, and as what.

Lazy, so that static files cost no query.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from evalhub.accounts.selectors import membership_of


class ProjectMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = "project"
        request.membership = SimpleLazyObject(lambda: membership_of(request.user, request.session.get(name, "")))  # type: ignore[attr-defined]
        return self.get_response(request)
