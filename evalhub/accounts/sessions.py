"""The browsers that people are signed in with: noted at sign-in, seen now and then, ended from their list.

The session is Django's; a row here says whose it is. Called by signals, the middleware and the account's page.
"""

import contextlib
import time
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from evalhub.accounts.impatient import sqlite_impatient, update_if_free
from evalhub.accounts.models import PersonSession
from evalhub.accounts.senders import browser_words, client_address

PRECISION_S = 600
MOST_KNOWN, MOST_SHOWN = 10_000, 100

_seen: dict[str, float] = {}  # by session key, when this process last wrote it down: a page costs no query for it


def session_note(request: HttpRequest, user: User, **_: Any) -> None:
    """Somebody signed in. What is left of their sessions that are over is removed here, where a few queries more are not felt."""
    if not request.session.session_key:
        request.session.create()
    PersonSession.objects.filter(user=user).exclude(session_key__in=_live()).delete()
    key = request.session.session_key or ""
    PersonSession.objects.update_or_create(session_key=key, defaults=_row(request) | {"user": user, "created_at": timezone.now()})
    _remember(key)


def session_forget(request: HttpRequest, **_: Any) -> None:
    """Somebody signs out."""
    PersonSession.objects.filter(session_key=request.session.session_key or "").delete()


def session_seen(request: HttpRequest) -> None:
    """Somebody is still there. At most one write in ten minutes, and none where it would have to wait."""
    key = request.session.session_key
    if not key or SESSION_KEY not in request.session or time.monotonic() - _seen.get(key, -PRECISION_S) < PRECISION_S:
        return
    _remember(key)
    rows = PersonSession.objects.filter(session_key=key)
    if rows.exists():
        update_if_free(rows, seen_at=timezone.now(), address=client_address(request) or None)
    elif isinstance(person := request.user, AbstractBaseUser):
        _note_late(request, person, key)


def sessions_of(user: User) -> list[PersonSession]:
    """Those that are alive, the one seen last first. One query."""
    return list(PersonSession.objects.filter(user=user, session_key__in=_live()).order_by("-seen_at", "-id")[:MOST_SHOWN])


@transaction.atomic
def sessions_end(*, user: User, keep: str, only: int | None = None) -> int:
    """End the person's session `only`, or all of them; never the one whose key is `keep`. Returns how many."""
    rows = PersonSession.objects.filter(user=user).exclude(session_key=keep)
    if only is not None:
        rows = rows.filter(pk=only)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    PersonSession.objects.filter(session_key__in=keys).delete()
    return len(keys)


def session_renamed(*, old: str, new: str) -> None:
    """The same browser has a new key: a changed password gives it one."""
    PersonSession.objects.filter(session_key=old).update(session_key=new)
    _remember(new)


def _live() -> Any:
    return Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")


def _note_late(request: HttpRequest, person: AbstractBaseUser, key: str) -> None:
    """A session from before this list, or one whose key was changed elsewhere."""
    impatient = contextlib.nullcontext() if connection.vendor == "postgresql" else sqlite_impatient()
    with contextlib.suppress(OperationalError, IntegrityError), impatient, transaction.atomic():
        PersonSession.objects.create(user_id=person.pk, session_key=key, **_row(request))


def _row(request: HttpRequest) -> dict[str, Any]:
    words = browser_words(request.headers.get("User-Agent", ""))
    return {"browser": words, "address": client_address(request) or None, "seen_at": timezone.now()}


def _remember(key: str) -> None:
    if len(_seen) >= MOST_KNOWN:
        _seen.clear()
    _seen[key] = time.monotonic()
