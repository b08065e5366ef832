"""Writes about who may see what. Called by the command, the admin pages, the sign-in view and the queue."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from evalhub.accounts.models import ApiKey, IdempotencyRecord, Membership, Project, Role

KEY_BYTES = 32
PREFIX_LENGTH = 9
ANSWERS_KEPT_FOR = timedelta(hours=24)
SWEPT_AT_ONCE, SWEPT_AT_MOST = 500, 10_000


class SignInToken(PasswordResetTokenGenerator):
    """A link token that dies with its use: it hashes the last sign-in, which the use of the link changes."""

    key_salt = "evalhub.accounts.sign-in-link"


sign_in_token = SignInToken()


def project_create(*, name: str) -> Project:
    """A new project. Raises ValidationError when the name is taken or is no slug."""
    project = Project(name=name)
    project.full_clean()
    project.save()
    return project


def api_key_create(*, project: Project, name: str, scopes: list[str] | None = None) -> tuple[ApiKey, str]:
    """A new key and its one and only showing."""
    if not name.strip():
        raise ValidationError("A key needs a name, so that you know later which one to revoke.")
    token = f"sk_{secrets.token_urlsafe(KEY_BYTES)}"
    key = ApiKey(project=project, name=name.strip(), prefix=token[:PREFIX_LENGTH], key_hash=key_hash(token), scopes=scopes or [])
    key.full_clean()
    key.save()
    return key, token


def key_hash(token: str) -> str:
    """SHA-256, hex: what is stored and looked up."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def owner_ensure(*, project: Project, username: str = "owner") -> User:
    """The person that sign-in links are made for on a first start: an owner of the project, and staff for the admin pages."""
    user, created = get_user_model().objects.get_or_create(username=username, defaults={"is_staff": True, "is_superuser": True})
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    Membership.objects.get_or_create(user=user, project=project, defaults={"role": Role.OWNER})
    return user


def sign_in_path(user: User) -> str:
    """The path of a one-time sign-in link, good for a day (PASSWORD_RESET_TIMEOUT)."""
    return f"/sign-in/{urlsafe_base64_encode(force_bytes(user.pk))}/{sign_in_token.make_token(user)}"


def user_of_link(uid: str, token: str) -> User | None:
    """Whose link this is, or None when it is used up, too old or not ours."""
    try:
        user = get_user_model().objects.get(pk=force_str(urlsafe_base64_decode(uid)), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist, ValidationError):
        return None
    return user if sign_in_token.check_token(user, token) else None


def idempotency_sweep() -> int:
    """Remove records of answers from another day, in small transactions and at most 10,000 a call. Returns how many."""
    old = IdempotencyRecord.objects.filter(created_at__lte=timezone.now() - ANSWERS_KEPT_FOR).order_by("created_at")
    removed = 0
    while removed < SWEPT_AT_MOST:
        ids = list(old.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
        removed += IdempotencyRecord.objects.filter(pk__in=ids).delete()[0]
        if len(ids) < SWEPT_AT_ONCE:
            break
    return removed
