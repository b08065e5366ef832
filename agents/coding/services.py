"""Writes of a project's own coding agents. The pages call these."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agents.models import Harness
from evalhub.accounts.models import Project
from evalhub.common.names import CASE, twin_beside

SETTABLE = (
    *("name", "label", "argv", "model_names", "environment_names", "allowed_hosts"),
    *("timeout_seconds", "cost_usd", "is_active"),
)
TAKEN = "Another coding agent of this project has this name."


def harness_create(*, project: Project, **columns: Any) -> Harness:
    """Raises ValidationError that names the field."""
    return _saved(Harness(project=project), columns)


@transaction.atomic
def harness_update(*, project: Project, harness_id: uuid.UUID, **columns: Any) -> Harness:
    """Change what is given of SETTABLE; batches that began keep their copy. Raises Harness.DoesNotExist and ValidationError."""
    return _saved(Harness.objects.select_for_update().get(project=project, pk=harness_id), columns)


@transaction.atomic
def harness_delete(*, project: Project, harness_id: uuid.UUID) -> Harness:
    """Targets that name it stay, and say that it is not there. Raises Harness.DoesNotExist."""
    harness = Harness.objects.select_for_update().get(project=project, pk=harness_id)
    Harness.objects.filter(pk=harness.pk).delete()
    return harness


def _saved(harness: Harness, columns: dict[str, Any]) -> Harness:
    if unknown := set(columns) - set(SETTABLE):
        raise TypeError(f"A coding agent has no {', '.join(sorted(unknown))} to set.")
    before = harness.name
    for name, value in columns.items():
        setattr(harness, name, value)
    if taken := twin_beside(harness, harness.name, before=before):
        raise ValidationError({"name": f"Another coding agent of this project is already named “{taken}”; {CASE}."})
    harness.clean_fields(exclude=["project"])
    try:
        with transaction.atomic():
            harness.save()
    except IntegrityError:
        raise ValidationError({"name": TAKEN}) from None
    return harness
