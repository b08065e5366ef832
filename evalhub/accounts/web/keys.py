"""API keys of a project: made, shown once, revoked. For owners."""

import uuid
from datetime import UTC, date, datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from evalhub.accounts.models import ApiKey
from evalhub.accounts.pages import PageRequest, owner_required
from evalhub.accounts.selectors import api_keys
from evalhub.accounts.services import KeyMadeBefore, api_key_create, api_key_revoke
from evalhub.accounts.web.forms import ApiKeyForm
from evalhub.accounts.web.shell import owners_tab


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@owners_tab("keys", "API keys")
def keys(request: PageRequest) -> HttpResponse:
    """The list and the form. A POST answers with the new key itself: it is stored nowhere, so there is no page to lead to."""
    if request.method != "POST":
        return _page(request, ApiKeyForm())
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        key, token = _made(request, form)
    except KeyMadeBefore:
        messages.info(request, "This form was sent before: its key was made and shown then, and nothing else was made now.")
        return redirect("settings-keys")
    return render(request, "settings/key_made.html", {"tab": "keys", "key": key, "token": token})


def _made(request: PageRequest, form: ApiKeyForm) -> tuple[ApiKey, str]:
    given = form.cleaned_data
    person = request.user
    return api_key_create(
        project=request.membership.project,
        name=given["name"],
        scopes=given["scopes"],
        expires_at=_end_of(given["expires_on"]) if given["expires_on"] else None,
        created_by=person if isinstance(person, User) else None,
        key_id=given["key_id"],
    )


def _end_of(day: date) -> datetime:
    """The moment at which a day is over."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)


def _page(request: PageRequest, form: ApiKeyForm, status: int = 200) -> HttpResponse:
    live, ended = api_keys(request.membership.project)
    return render(request, "settings/keys.html", {"tab": "keys", "form": form, "live": live, "ended": ended}, status=status)


@require_POST
@owner_required
def key_revoke(request: PageRequest, key_id: uuid.UUID) -> HttpResponse:
    try:
        key = api_key_revoke(project=request.membership.project, key_id=key_id)
    except ApiKey.DoesNotExist:
        raise Http404 from None
    messages.success(request, f"The key {key.name} is revoked: it opens nothing any more, and streams it has open end within a minute.")
    return redirect("settings-keys")
