"""Writes about who is in a project and as what. Called by the settings pages.

Each of them locks the project's row first, so that what is true of all its members (one of them is an owner) stays true when two owners
act at once; and looks there whether who acts is an owner still.
"""

import uuid

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from evalhub.accounts.models import Membership, Project, Role

LAST_OWNER = "{} is the only owner of this project. Make somebody else an owner first: without one nobody could manage it."


class LastOwner(Exception):
    """The project would be left without an owner; the message says whose role that is."""


@transaction.atomic
def member_add(*, project: Project, actor: User, username: str, role: str) -> Membership:
    """Somebody who has an account here becomes a member. Raises ValidationError that names the field."""
    _lock(project, actor)
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        raise ValidationError({"username": "Nobody here has this user name. Names are case-sensitive."})
    if Membership.objects.filter(project=project, user=user).exists():
        raise ValidationError({"username": f"{username} is a member already; change their role in the list."})
    return Membership.objects.create(project=project, user=user, role=role, changed_by=actor)


@transaction.atomic
def member_create(*, project: Project, actor: User, username: str, role: str) -> Membership:
    """A new account without a password, and its membership. Raises ValidationError that names the field."""
    _lock(project, actor)
    people = get_user_model().objects
    if people.filter(username__iexact=username).exists():
        raise ValidationError({"username": "This user name is taken. If it is theirs, choose “has an account here”."})
    user = User(username=username)
    user.set_unusable_password()
    user.clean_fields()
    user.save(force_insert=True)
    return Membership.objects.create(project=project, user=user, role=role, changed_by=actor)


@transaction.atomic
def member_role_set(*, project: Project, actor: User, member_id: uuid.UUID, role: str) -> Membership:
    """Raises LastOwner, and Membership.DoesNotExist."""
    _lock(project, actor)
    member = _member(project, member_id)
    if role != Role.OWNER:
        _leave_an_owner(member)
    if member.role != role:
        member.role, member.changed_by = role, actor
        member.save(update_fields=["role", "changed_by", "updated_at"])
    return member


@transaction.atomic
def member_remove(*, project: Project, actor: User, member_id: uuid.UUID) -> Membership:
    """An owner removes anybody, and everybody themselves. Raises LastOwner, and Membership.DoesNotExist."""
    Project.objects.select_for_update().get(pk=project.pk)
    member = _member(project, member_id)
    if member.user_id != actor.pk:
        _require_owner(project, actor)
    _leave_an_owner(member)
    member.delete()
    return member


def _lock(project: Project, actor: User) -> None:
    Project.objects.select_for_update().get(pk=project.pk)
    _require_owner(project, actor)


def _require_owner(project: Project, actor: User) -> None:
    if not Membership.objects.filter(project=project, user=actor, role=Role.OWNER).exists():
        raise PermissionDenied("Owners manage the members of a project.")


def _member(project: Project, member_id: uuid.UUID) -> Membership:
    return Membership.objects.select_related("user").get(project=project, pk=member_id)


def _leave_an_owner(member: Membership) -> None:
    """Raises LastOwner when nobody else owns the project. Who may not sign in any more does not count."""
    owners = Membership.objects.filter(project=member.project_id, role=Role.OWNER, user__is_active=True)
    if member.is_owner and not owners.exclude(pk=member.pk).exists():
        raise LastOwner(LAST_OWNER.format(member.user.get_username()))
