"""Writes of personas asked for by people. Runs carry a copy of the persona they began with, so nothing here changes a run."""

import itertools
import uuid
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.common import names
from templates_app.models import Persona

SETTABLE = frozenset({"name", "description", "style", "goal", "facts", "behaviours", "patience"})
NAME_LENGTH = 200
COPY = " (copy)"


class PersonaConflict(Exception):
    """Another persona of the project has this name; the message says so."""


@transaction.atomic
def persona_create(*, project: Project, name: str, **columns: Any) -> Persona:
    """A persona of the library; `columns` are those of SETTABLE. Raises PersonaConflict, and ValidationError that names the field."""
    return _saved(Persona(project=project), name=name, **columns)


@transaction.atomic
def persona_update(*, persona_id: uuid.UUID, project: Project, **columns: Any) -> Persona:
    """Change what is given. Raises Persona.DoesNotExist, PersonaConflict, and ValidationError that names the field."""
    return _saved(_locked(persona_id, project), **columns)


@transaction.atomic
def persona_duplicate(*, persona_id: uuid.UUID, project: Project) -> Persona:
    """The same persona under a name that is free. Raises Persona.DoesNotExist."""
    persona = _locked(persona_id, project)
    name = free_name(project, f"{persona.name[: NAME_LENGTH - len(COPY) - 5]}{COPY}")
    persona.pk, persona._state.adding, persona.created_at = uuid.uuid4(), True, timezone.now()
    return _saved(persona, name=name)


@transaction.atomic
def persona_delete(*, persona_id: uuid.UUID, project: Project) -> None:
    """Remove a persona from the library. Raises Persona.DoesNotExist."""
    _locked(persona_id, project).delete()


@transaction.atomic
def personas_import(*, project: Project, given: Sequence[dict[str, Any]]) -> list[Persona]:
    """All of them or none, each under its name or, where that is taken, one with a number. Raises ValidationError."""
    return [persona_create(project=project, **{**item, "name": free_name(project, item["name"])}) for item in given]


def free_name(project: Project, name: str) -> str:
    """The name itself, or the first of `name 2`, `name 3` … that nobody has, whatever its case."""
    begun = name[: NAME_LENGTH - 5]
    numbered = (f"{begun} {number}" for number in itertools.count(2))
    return names.free_name(Persona.objects.filter(project=project), begun, itertools.chain([name], numbered))


def _locked(persona_id: uuid.UUID, project: Project) -> Persona:
    return Persona.objects.select_for_update().get(pk=persona_id, project=project)


def _refuse_twin(persona: Persona, name: str) -> None:
    """Raises PersonaConflict where a new name is another persona's but for case."""
    if taken := names.twin_beside(persona, name, before="" if persona._state.adding else persona.name):
        raise PersonaConflict(f"Another persona of this project is already named {taken!r}; {names.CASE}.")


def _saved(persona: Persona, **columns: Any) -> Persona:
    if unknown := columns.keys() - SETTABLE:
        raise TypeError(f"A persona has no columns {', '.join(sorted(unknown))}")
    _refuse_twin(persona, columns.get("name", persona.name))
    for column, value in columns.items():
        setattr(persona, column, value)
    persona.clean_fields(exclude=["project"])
    if persona.patience == 0:
        raise ValidationError({"patience": "At least 1; leave it empty for somebody who never gives up."})
    try:
        with transaction.atomic():
            persona.save(force_insert=persona._state.adding)
    except IntegrityError:
        raise PersonaConflict(f"Another persona of this project is already named {persona.name!r}.") from None
    return persona
