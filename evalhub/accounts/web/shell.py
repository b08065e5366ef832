"""What the pages of settings share: which tab a page is, and what somebody sees who may not open it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from evalhub.accounts.pages import PageRequest, member_required

P = ParamSpec("P")
Page = Callable[Concatenate[PageRequest, P], HttpResponse]
Guarded = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def owners_tab(tab: str, what: str) -> Callable[[Page[P]], Guarded[P]]:
    """A tab that only owners see. Everybody else is told `what` they manage there, and what is theirs to see."""

    def decorated(view: Page[P]) -> Guarded[P]:
        @wraps(view)
        def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.membership.is_owner:
                return render(request, "settings/owners_only.html", {"tab": tab, "what": what}, status=403)
            return view(request, *args, **kwargs)

        return member_required(guarded)

    return decorated


@require_GET
@member_required
def settings_home(request: PageRequest) -> HttpResponse:
    """The first tab that the reader may see."""
    return HttpResponseRedirect(reverse("settings-keys" if request.membership.is_owner else "settings-members"))
