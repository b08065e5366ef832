"""Forms whose row is gone by the time they are sent. What was typed comes back, to be saved as a new one: a page alone would lose it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpResponse
from django.shortcuts import render

from evalhub.accounts.pages import PageRequest

P = ParamSpec("P")
Page = Callable[Concatenate[PageRequest, P], HttpResponse]


def comes_back(again: Page[P], *, owners: bool = False) -> Callable[[Page[P]], Page[P]]:
    """For the view of a row's form, inside `member_required`. Where the row is gone as an editor sends the form, `again` draws the page.

    `owners`: the form is one that owners alone may send.

    It draws the form of a new one with all that was sent, and templates see `request.is_gone`: they say so, and lead to the new one's
    address. The answer is still a 404, to a row of another project too.
    """

    def decorated(view: Page[P]) -> Page[P]:
        @wraps(view)
        def kept(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Http404:
                may_send = request.membership.is_owner if owners else request.membership.may_write
                if request.method != "POST" or not may_send:
                    raise
            request.is_gone = True
            response = again(request, *args, **kwargs)
            response.status_code = 404
            return response

        return kept

    return decorated


def typed_page(request: PageRequest, form: Any) -> HttpResponse:
    """For what cannot be made anew by itself: the fields as they were sent, to copy from."""
    return render(request, "gone.html", {"form": form})
