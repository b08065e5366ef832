"""Writes of environment profiles. Values of variables go in and never come out; only names do.

Rows of other projects do not exist here: `EnvProfile.DoesNotExist`. What cannot be stored is a ValidationError that names the field.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from evalhub.accounts.models import Project
from evalhub.common.environments import host_name, variable_name
from evalhub.common.secrets import SecretUnreadable
from templates_app.models import ApiSource, EnvProfile
from templates_app.sources.checks import web_address

MOST_VARIABLES, LONGEST_VALUE = 100, 20_000
MOST_HOSTS = 50
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
Checked = TypeVar("Checked")


@transaction.atomic
def env_profile_create(*, project: Project, name: str, key: str = "", **columns: Any) -> EnvProfile:
    """An environment. Columns: source (ApiSource or None), base_url, variables, allowed_hosts. Without a key it gets one of its name."""
    profile = EnvProfile(project=project, key=_key(project, key, name))
    return _saved(profile, {"name": name, **columns})


@transaction.atomic
def env_profile_update(*, project: Project, profile_id: uuid.UUID, **columns: Any) -> EnvProfile:
    """Change what is given. `variables` are all that it has from then on; one whose value is None keeps the value that it had.

    Values are sent to the server that requests went to when they were given; where that changes they have to be given again.
    """
    return _saved(EnvProfile.objects.select_for_update().get(project=project, pk=profile_id), columns)


@transaction.atomic
def env_profile_delete(*, project: Project, profile_id: uuid.UUID) -> None:
    """Remove it with its values. What has run in it stays."""
    EnvProfile.objects.select_for_update().get(project=project, pk=profile_id).delete()


def _saved(profile: EnvProfile, columns: Mapping[str, Any]) -> EnvProfile:
    for column, value in sorted(columns.items(), key=lambda column: column[0] == "variables"):  # they are for the address beside them
        _assign(profile, column, value)
    profile.clean_fields(exclude=["project", "source"])
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError:
        raise ValidationError({"key": "Another environment of this project has this key."}) from None
    return profile


def _assign(profile: EnvProfile, column: str, value: Any) -> None:
    if column == "name":
        profile.name = named("name", _name, value)
    elif column == "source":
        profile.source = _source(profile, value)
    elif column == "base_url":
        profile.base_url = named("base_url", lambda text: web_address(text, is_base=True), value)
    elif column == "allowed_hosts":
        profile.allowed_hosts = named("allowed_hosts", _hosts, value)
    elif column == "variables":
        _set_variables(profile, value)
    else:
        raise TypeError(f"An environment has no column {column}")


def named(field: str, check: Callable[[Any], Checked], value: Any) -> Checked:
    """What a check says of a value; its mistake is the field's."""
    try:
        return check(value)
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from None


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not 0 < len(name) <= 120:
        raise ValidationError("Must have 1 to 120 characters.")
    return name


def _key(project: Project, key: str, name: str) -> str:
    if key:
        if not _KEY.fullmatch(key):
            raise ValidationError({"key": "Must be letters, digits and . _ : -, at most 100."})
        return key
    begun = slugify(name)[:90] or "environment"
    taken = set(EnvProfile.objects.filter(project=project, key__startswith=begun).values_list("key", flat=True))
    return next(free for free in (begun, *(f"{begun}-{number}" for number in range(2, len(taken) + 3))) if free not in taken)


def _source(profile: EnvProfile, source: ApiSource | None) -> ApiSource | None:
    if source is not None and source.project_id != profile.project_id:
        raise ValidationError({"source": "There is no such source here."})
    return source


def _hosts(given: Iterable[str]) -> list[str]:
    hosts = list(dict.fromkeys(host_name(host) for host in given if host.strip()))
    if len(hosts) > MOST_HOSTS:
        raise ValidationError(f"At most {MOST_HOSTS} hosts.")
    return hosts


def _set_variables(profile: EnvProfile, given: Mapping[str, str | None]) -> None:
    if len(given) > MOST_VARIABLES:
        raise ValidationError({"variables": f"At most {MOST_VARIABLES} variables."})
    before = _values(profile) if None in given.values() else {}
    found: dict[str, str] = {}
    for raw, value in given.items():
        name = named("variables", variable_name, raw)
        if value is None and name not in before:
            raise ValidationError({"variables": f"{name} has no value yet: enter one."})
        found[name] = _value(name, before[name] if value is None else value)
    _store(profile, found, kept=[name for name, value in given.items() if value is None])


def _store(profile: EnvProfile, found: Mapping[str, str], kept: Sequence[str]) -> None:
    """Values that are kept stay for the server they were given for. New ones for another server cannot stand beside them."""
    server = profile.variables_server
    if kept and server != profile.server and len(kept) < len(found):
        was = f"for {server}" if server else "before there was a base address"
        raise ValidationError({"variables": f"{', '.join(kept)[:400]}: the value was given {was}. Enter it again, for {profile.server}."})
    profile.set_variables(found)
    if kept:
        profile.variables_server = server


def _values(profile: EnvProfile) -> dict[str, str]:
    try:
        return profile.variables()
    except SecretUnreadable as error:
        raise ValidationError({"variables": f"{error} Every value has to be entered anew."}) from None


def _value(name: str, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise ValidationError({"variables": f"{name} has {len(value):,} characters; at most {LONGEST_VALUE:,} are kept."})
    if "\x00" in value or value != value.encode(errors="ignore").decode():
        raise ValidationError({"variables": f"{name} has a character that cannot be stored."})
    return value
