"""Reads about who may see what: the one place where a bearer key or a session becomes a project."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from evalhub.accounts.models import ApiKey, Membership
from evalhub.accounts.services import key_hash

LAST_USED_PRECISION = timedelta(minutes=1)


def bearer_token(header: str) -> str:
    """The token of an Authorization header, or "" when it is no bearer header."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def api_key_find(token: str) -> ApiKey | None:
    """The live key behind a token, with its project. Notes the use at most once a minute, and only if that can be done at once."""
    if not token:
        return None
    key = ApiKey.objects.select_related("project").filter(key_hash=key_hash(token), revoked_at=None).first()
    if key and (key.last_used_at is None or timezone.now() - key.last_used_at > LAST_USED_PRECISION):
        _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    """Never waits for a lock and never fails for one: reading must go on while somebody writes. The next request tries again."""
    if connection.vendor == "postgresql":
        with transaction.atomic(savepoint=False):
            free = ApiKey.objects.select_for_update(skip_locked=True).filter(pk=key.pk).values("pk")
            ApiKey.objects.filter(pk__in=free).update(last_used_at=timezone.now())
    else:
        with contextlib.suppress(OperationalError), _sqlite_impatient():
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())


@contextlib.contextmanager
def _sqlite_impatient() -> Iterator[None]:
    """What finds SQLite's write lock taken raises at once, instead of after the many seconds that a write may wait."""
    raw = connection.connection
    [[patience]] = raw.execute("PRAGMA busy_timeout")
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")


def memberships_of(user: AbstractBaseUser | AnonymousUser) -> list[Membership]:
    """Every membership of the person with its project, the first they joined first. One query: a person is in few projects."""
    if not user.is_authenticated:
        return []
    return list(Membership.objects.select_related("project").filter(user_id=user.pk).order_by("created_at", "id"))


def membership_among(memberships: Sequence[Membership], project_name: str) -> Membership | None:
    """The one in the named project; when there is none (any more), the first."""
    named = (membership for membership in memberships if membership.project.name == project_name)
    return next(named, memberships[0] if memberships else None)
