"""Forms of something new: one that is sent twice makes one thing. The tag `{% once %}` of such a form marks each time it is shown.

Sent again as it was (a second click, a reload of what the browser was told to repeat), it leads to what the first made. Sent again with
other content it is another request, which names that must not come twice may refuse.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponseBase, HttpResponseRedirect, QueryDict

from evalhub.accounts.idempotency import redirect_once
from evalhub.accounts.models import IdempotencyRecord
from evalhub.accounts.pages import PageRequest

P = ParamSpec("P")
MARK = "once"
NOT_CONTENT = {"csrfmiddlewaretoken"}


def once(view: Callable[Concatenate[PageRequest, P], HttpResponseBase]) -> Callable[Concatenate[PageRequest, P], HttpResponseBase]:
    """For a view inside `member_required` that redirects when it has made what its form asks for. A form without the mark is not held."""

    @wraps(view)
    def held(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST" or not request.POST.get(MARK):
            return view(request, *args, **kwargs)
        response, address = redirect_once(asked_by_form(request), lambda: view(request, *args, **kwargs))
        if response is not None:
            return response
        messages.success(request, "This was saved already.")
        return HttpResponseRedirect(address)

    return held


def asked_by_form(request: PageRequest) -> IdempotencyRecord:
    """What a form asks for, as it was sent: the same content of the same person at the same address is the same request."""
    person = cast(User, request.user)
    return IdempotencyRecord(
        project=request.membership.project, holder=f"person/{person.pk}", key=_form_key(request.POST), method="POST", path=request.path
    )


def _form_key(data: QueryDict) -> str:
    """Hangs on everything that was sent, the form's mark among it."""
    content = sorted((name, value) for name, values in data.lists() if name not in NOT_CONTENT for value in values)
    return hashlib.sha256(repr(content).encode("utf-8", "surrogatepass")).hexdigest()
