"""Reads about who may see what: the one place where a bearer key or a session becomes a project."""

from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from evalhub.accounts.models import ApiKey, Membership
from evalhub.accounts.services import key_hash

LAST_USED_PRECISION = timedelta(minutes=1)


def bearer_token(header: str) -> str:
    """The token of an Authorization header, or "" when it is no bearer header."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def api_key_find(token: str) -> ApiKey | None:
    """The live key behind a token, with its project. Notes the use at most once a minute, so that reading stays reading."""
    if not token:
        return None
    key = ApiKey.objects.select_related("project").filter(key_hash=key_hash(token), revoked_at=None).first()
    if key and (key.last_used_at is None or timezone.now() - key.last_used_at > LAST_USED_PRECISION):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    return key


def membership_of(user: AbstractBaseUser | AnonymousUser, project_name: str = "") -> Membership | None:
    """The person's membership of the named project; without a name, of the first one they joined."""
    if not user.is_authenticated:
        return None
    memberships = Membership.objects.select_related("project").filter(user_id=user.pk).order_by("created_at")
    return (memberships.filter(project__name=project_name).first() if project_name else None) or memberships.first()
