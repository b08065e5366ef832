"""Writes about projects and their keys. Called by the command, the pages and the queue. Members have members.py, sign-in links links.py."""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import ApiKey, IdempotencyRecord, Membership, Project, Role

KEY_BYTES = 32
PREFIX_LENGTH = 9
ANSWERS_KEPT_FOR = timedelta(hours=24)
SWEPT_AT_ONCE, SWEPT_AT_MOST = 500, 10_000


class KeyMadeBefore(Exception):
    """The same form was sent a second time, by a reload for example: its key is there, and was shown."""


def project_create(*, name: str) -> Project:
    """A new project. Raises ValidationError when the name is taken or is no slug."""
    project = Project(name=name)
    project.full_clean()
    project.save()
    return project


@transaction.atomic
def project_start(*, name: str, owner: User) -> Membership:
    """A new project with its first owner. Raises ValidationError as `project_create` does."""
    return Membership.objects.create(user=owner, project=project_create(name=name), role=Role.OWNER, changed_by=owner)


def project_rename(*, project: Project, name: str) -> None:
    """Raises ValidationError when the name is taken or is no slug."""
    project.name = name
    project.full_clean()
    project.save(update_fields=["name", "updated_at"])


def api_key_create(
    *,
    project: Project,
    name: str,
    scopes: list[str] | None = None,
    expires_at: datetime | None = None,
    created_by: User | None = None,
    key_id: uuid.UUID | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its one and only showing. `key_id` is of the form that asks for it. Raises ValidationError and KeyMadeBefore."""
    if not name.strip():
        raise ValidationError("A key needs a name, so that you know later which one to revoke.")
    token = f"sk_{secrets.token_urlsafe(KEY_BYTES)}"
    key = ApiKey(
        id=key_id or uuid.uuid4(),
        project=project,
        name=name.strip(),
        prefix=token[:PREFIX_LENGTH],
        key_hash=key_hash(token),
        scopes=scopes or [],
        expires_at=expires_at,
        created_by=created_by,
    )
    key.clean_fields(exclude=["project", "created_by"])
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError:
        raise KeyMadeBefore from None
    return key, token


def api_key_revoke(*, project: Project, key_id: uuid.UUID) -> ApiKey:
    """From now on it opens nothing; streams that it opened end within a minute. Raises ApiKey.DoesNotExist."""
    key = ApiKey.objects.get(project=project, pk=key_id)
    if key.revoked_at is None:
        key.revoke()
    return key


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
