"""Reads about who may see what: the one place where a bearer key or a session becomes a project."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from evalhub.accounts.impatient import update_if_free
from evalhub.accounts.models import ApiKey, Membership, Project
from evalhub.accounts.services import key_hash

KEY, PERSON = "key", "user"
LAST_USED_PRECISION = timedelta(minutes=1)
LIVE_SHOWN, ENDED_SHOWN = 500, 50
PAGE_OF_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Right:
    """That a key or person may do in a project what `scope` names. `identity` is that of a Grant."""

    identity: str
    project_id: uuid.UUID
    scope: str


def person(user: AbstractBaseUser | AnonymousUser) -> str:
    """The identity of a Grant of this person."""
    return f"{PERSON}:{user.pk}"


def key_scopes(stored: Iterable[str]) -> frozenset[str]:
    """What a key may do; one without scopes may do everything."""
    return frozenset(map(str, stored or ApiKey.Scope))


def member_scopes(membership: Membership) -> frozenset[str]:
    """What a member may do."""
    return frozenset(map(str, ApiKey.Scope if membership.may_write else [ApiKey.Scope.READ]))


def rights_held(rights: Collection[Right]) -> set[Right]:
    """Those of the rights that are there now. One query for all keys and one for all people."""
    kinds: dict[str, set[str]] = {}
    for right in rights:
        kind, _, pk = right.identity.partition(":")
        kinds.setdefault(kind, set()).add(pk)
    now: dict[tuple[str, uuid.UUID], frozenset[str]] = {}
    if keys := kinds.get(KEY):
        for key in ApiKey.objects.live().filter(pk__in=keys):
            now[f"{KEY}:{key.pk}", key.project_id] = key_scopes(key.scopes)
    if people := kinds.get(PERSON):
        for member in Membership.objects.filter(user__in=map(int, people), user__is_active=True):
            now[f"{PERSON}:{member.user_id}", member.project_id] = member_scopes(member)
    return {right for right in rights if right.scope in now.get((right.identity, right.project_id), frozenset())}


def bearer_token(header: str) -> str:
    """The token of an Authorization header, or "" when it is no bearer header."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def api_key_find(token: str) -> ApiKey | None:
    """The live key behind a token, with its project. Notes the use at most once a minute, and only if that can be done at once."""
    if not token:
        return None
    key = ApiKey.objects.live().select_related("project").filter(key_hash=key_hash(token)).first()
    if key and (key.last_used_at is None or timezone.now() - key.last_used_at > LAST_USED_PRECISION):
        update_if_free(ApiKey.objects.filter(pk=key.pk), last_used_at=timezone.now())
    return key


def api_key_has_expired(token: str) -> bool:
    """Why a token opens nothing: who holds one may know that it was good once."""
    key = ApiKey.objects.filter(key_hash=key_hash(token), revoked_at=None).first()
    return bool(key and key.has_expired)


def memberships_of(user: AbstractBaseUser | AnonymousUser) -> list[Membership]:
    """Every membership of the person with its project, the first they joined first. One query: a person is in few projects."""
    if not user.is_authenticated:
        return []
    return list(Membership.objects.select_related("project").filter(user_id=user.pk).order_by("created_at", "id"))


def membership_among(memberships: Sequence[Membership], project_id: str) -> Membership | None:
    """The one in the project with this id; when there is none (any more), the first."""
    meant = (membership for membership in memberships if str(membership.project_id) == project_id)
    return next(meant, memberships[0] if memberships else None)


def may_start_project(user: AbstractBaseUser | AnonymousUser, memberships: Iterable[Membership]) -> bool:
    """Staff, and whoever owns a project: they may spend the providers of the environment already, and add no more than a wall."""
    return bool(getattr(user, "is_staff", False)) or any(membership.is_owner for membership in memberships)


def api_keys(project: Project) -> tuple[list[ApiKey], list[ApiKey]]:
    """The live keys and the newest of those that ended, each newest first, with who made them. Two queries."""
    keys = ApiKey.objects.filter(project=project).select_related("created_by").order_by("-created_at", "-id")
    live = list(keys.live()[:LIVE_SHOWN])
    ended = keys.exclude(pk__in=ApiKey.objects.filter(project=project).live().values("pk"))
    return live, list(ended[:ENDED_SHOWN])


def members_page(*, project: Project, after: str = "") -> tuple[list[Membership], bool]:
    """Members by user name, from behind the name `after`, and whether more follow. One query."""
    members = Membership.objects.filter(project=project).select_related("user", "changed_by").order_by("user__username")
    if after:
        members = members.filter(user__username__gt=after.replace("\x00", ""))
    rows = list(members[: PAGE_OF_MEMBERS + 1])
    return rows[:PAGE_OF_MEMBERS], len(rows) > PAGE_OF_MEMBERS
