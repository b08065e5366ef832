"""How an operation or a custom eval is asked and judged: reads and changes of eval definitions. Batches carry copies."""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet

from evalhub.accounts.models import Project
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition

LONGEST_TEXT = 50_000
LONGEST_NAME, MOST_NAMES = 200, 100
LARGEST_CONTEXT = 50_000  # characters of JSON
CHUNK = 500
DocsMode = EvalDefinition.DocsMode


def definition_list(*, project: Project, source_id: uuid.UUID | None = None, enabled: bool | None = None) -> QuerySet[EvalDefinition]:
    """Those of operations that are there, with operation and source, in the order of the source. Without a source, of all of them."""
    rows = EvalDefinition.objects.filter(project=project, operation__is_active=True).select_related("operation__source")
    rows = rows.filter(operation__source=source_id) if source_id else rows
    rows = rows if enabled is None else rows.filter(enabled=enabled)
    return rows.order_by("operation__source__label", "operation__source", "operation__position", "operation__path", "eval_type", "id")


def definition_get(*, project: Project, definition_id: uuid.UUID) -> EvalDefinition:
    """One of an operation or of a custom eval. Raises EvalDefinition.DoesNotExist."""
    rows = EvalDefinition.objects.select_related("operation__source", "custom_eval")
    return rows.get(pk=definition_id, project=project)


def definitions_complete(*, source: ApiSource) -> int:
    """Give each operation of the source the definition of its kind, where it has none. Returns how many were made."""
    without = ApiOperation.objects.filter(source=source).exclude(definitions__eval_type=source.source_type)
    rows = [EvalDefinition(project_id=source.project_id, operation=each, eval_type=source.source_type) for each in without]
    return len(EvalDefinition.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True))


@transaction.atomic
def definition_update(*, definition_id: uuid.UUID, project: Project, **columns: Any) -> EvalDefinition:
    """Change what is given of it. Raises EvalDefinition.DoesNotExist, and ValidationError that names the field."""
    rows = EvalDefinition.objects.select_for_update(of=("self",)).select_related("operation__source", "custom_eval")
    definition = rows.get(pk=definition_id, project=project)
    definition_assign(definition, columns)
    definition.save()
    return definition


def definition_assign(definition: EvalDefinition, columns: Mapping[str, Any]) -> None:
    """Put checked values into a definition, for whoever saves it. Columns: those of the model, with env_profile_ids for the keys.

    Raises ValidationError that names the field.
    """
    for name, value in columns.items():
        setattr(definition, *_checked(definition, name, value))


def _checked(definition: EvalDefinition, name: str, value: Any) -> tuple[str, Any]:
    """The column and what goes into it."""
    if name in ("custom_prompt", "expected_behavior"):
        return name, long_text(name, value)
    if name == "docs_mode" and value not in DocsMode.values:
        raise ValidationError({name: f"Must be one of {', '.join(DocsMode.values)}."})
    if name == "env_profile_ids":
        return "env_profile_keys", _profiles(definition, value)
    if name == "model_ids":
        return name, _names(name, value)
    if name == "run_context" and len(json.dumps(value)) > LARGEST_CONTEXT:
        raise ValidationError({name: f"Must be at most {LARGEST_CONTEXT:,} characters of JSON."})
    if name == "pass_score" and not 0 <= value <= 100:
        raise ValidationError({name: "Must be from 0 to 100."})
    return name, value


def long_text(name: str, value: str) -> str:
    """Raises ValidationError for one that is too long."""
    if len(value) > LONGEST_TEXT:
        raise ValidationError({name: f"Must be at most {LONGEST_TEXT:,} characters; these are {len(value):,}."})
    return value


def _names(name: str, values: Iterable[str]) -> list[str]:
    """Each once, in order."""
    names = list(dict.fromkeys(value.strip() for value in values))
    if len(names) > MOST_NAMES or any(not 0 < len(each) <= LONGEST_NAME for each in names):
        raise ValidationError({name: f"Must be at most {MOST_NAMES} names of 1 to {LONGEST_NAME} characters."})
    return names


def _profiles(definition: EvalDefinition, values: Iterable[str]) -> list[str]:
    """Keys of environments that the definition can run in: those of its source, and those that are for all sources."""
    keys = _names("env_profile_ids", values)
    source = definition.operation.source_id if definition.operation else None
    known = EnvProfile.objects.filter(project=definition.project_id, key__in=keys).filter(Q(source=None) | Q(source=source))
    if unknown := sorted(set(keys) - set(known.values_list("key", flat=True))):
        raise ValidationError({"env_profile_ids": f"There is no such environment profile here: {', '.join(unknown)}."})
    return keys
