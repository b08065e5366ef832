"""Writes of API sources and of operations that are entered by hand. Batches carry copies, so nothing here changes a result.

Rows of other projects do not exist here: `DoesNotExist`. What cannot be stored is a ValidationError that names the field.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max

from evalhub.accounts.models import Project
from evalhub.common.names import CASE, twin_beside
from templates_app.models import ApiOperation, ApiSource, EnvProfile, SourceType
from templates_app.sources.checks import web_address
from templates_app.sources.commands import BadCommand, arguments_of
from templates_app.sources.definitions import definitions_complete
from templates_app.sources.profiles import named

KINDS = (SourceType.REST_API, SourceType.SDK, SourceType.CLI)
LONGEST = {"label": 200, "docs": 100_000, "command": 500, "path": 500, "summary": 500, "description": 50_000, "category": 120}
MOST_BY_HAND = 1000


@transaction.atomic
def source_create(*, project: Project, source_type: str, label: str, **columns: Any) -> ApiSource:
    """A source without operations. Columns: api_base_url, docs_url, docs, command, default_env_profile (EnvProfile or None)."""
    if source_type not in KINDS:
        raise ValidationError({"source_type": f"Must be one of {', '.join(KINDS)}."})
    return _source_saved(ApiSource(project=project, source_type=source_type), {"label": label, **columns})


@transaction.atomic
def source_update(*, project: Project, source_id: uuid.UUID, **columns: Any) -> ApiSource:
    """Change what is given; the kind of a source stays."""
    return _source_saved(_locked(project, source_id), columns)


@transaction.atomic
def source_default_fill(*, project: Project, source_id: uuid.UUID, profile: EnvProfile) -> ApiSource:
    """Make it the environment that the source runs in by default, where the source has none yet."""
    source = _locked(project, source_id)
    return source if source.default_env_profile_id else _source_saved(source, {"default_env_profile": profile})


@transaction.atomic
def source_delete(*, project: Project, source_id: uuid.UUID) -> None:
    """Remove it with its operations, their definitions and its environments. What has run stays."""
    _locked(project, source_id).delete()


@transaction.atomic
def operation_create(*, project: Project, source_id: uuid.UUID, path: str, **columns: Any) -> ApiOperation:
    """One that is entered by hand, for a library or tool, with its definition. Columns: summary, description, category."""
    source = _locked(project, source_id)
    if source.source_type == SourceType.REST_API:
        raise ValidationError("Operations of a REST API come from its document.")
    if source.operations.count() >= MOST_BY_HAND:
        raise ValidationError(f"At most {MOST_BY_HAND:,} operations of one source.")
    last = source.operations.aggregate(last=Max("position"))["last"]
    made = _operation_saved(ApiOperation(source=source, position=0 if last is None else last + 1), {"path": path, **columns})
    definitions_complete(source=source)
    return made


@transaction.atomic
def operation_update(*, project: Project, operation_id: uuid.UUID, **columns: Any) -> ApiOperation:
    """Change one that was entered by hand."""
    return _operation_saved(_operation_locked(project, operation_id), columns)


@transaction.atomic
def operation_delete(*, project: Project, operation_id: uuid.UUID) -> None:
    """Remove one that was entered by hand, with its definitions. What has run stays."""
    _operation_locked(project, operation_id).delete()


@transaction.atomic
def operations_select(*, project: Project, source_id: uuid.UUID, keys: set[uuid.UUID]) -> None:
    """Those that run where none are named. Raises ValidationError for an id that is none of the source's."""
    rows = _locked(project, source_id).operations.all()
    known = set(rows.filter(pk__in=keys).values_list("pk", flat=True))
    if unknown := sorted(map(str, keys - known)):
        raise ValidationError({"operation_ids": f"There is no such operation here: {', '.join(unknown)[:400]}."})
    rows.exclude(pk__in=keys).update(is_selected=False)
    rows.filter(pk__in=keys).update(is_selected=True)


def _locked(project: Project, source_id: uuid.UUID) -> ApiSource:
    return ApiSource.objects.select_for_update().get(project=project, pk=source_id)


def _operation_locked(project: Project, operation_id: uuid.UUID) -> ApiOperation:
    rows = ApiOperation.objects.select_for_update(of=("self",)).select_related("source")
    found = rows.get(pk=operation_id, source__project=project)
    if found.source.source_type == SourceType.REST_API:
        raise ValidationError("Operations of a REST API come from its document: import it again to change them.")
    return found


def _source_saved(source: ApiSource, columns: Mapping[str, Any]) -> ApiSource:
    before = source.label
    for column, value in columns.items():
        setattr(source, column, _source_value(source, column, value))
    if taken := twin_beside(source, source.label, before=before, field="label"):
        raise ValidationError({"label": f"Another source of this project is already named “{taken}”; {CASE}."})
    try:
        with transaction.atomic():
            source.save()
    except IntegrityError:
        raise ValidationError({"label": "Another source of this project has this name."}) from None
    return source


def _source_value(source: ApiSource, column: str, value: Any) -> Any:
    if column in ("api_base_url", "docs_url"):
        return named(column, lambda text: web_address(text, is_base=column == "api_base_url"), value)
    if column == "command":
        return named(column, _command, value)
    if column == "default_env_profile":
        return _default_profile(source, value)
    if column in ("label", "docs"):
        return _text(column, value, required=column == "label")
    raise TypeError(f"A source has no column {column} that can be set")


def _command(value: str) -> str:
    command = value.strip()
    if len(command) > LONGEST["command"] or "\x00" in command:
        raise ValidationError(f"Must be a command line of at most {LONGEST['command']} characters.")
    try:
        if command:
            arguments_of(command)
    except BadCommand as error:
        raise ValidationError(str(error)) from None
    return command


def _default_profile(source: ApiSource, profile: EnvProfile | None) -> EnvProfile | None:
    if profile is not None and (profile.project_id != source.project_id or profile.source_id not in (None, source.pk)):
        raise ValidationError({"default_env_profile": "There is no such environment for this source."})
    return profile


def _operation_saved(operation: ApiOperation, columns: Mapping[str, Any]) -> ApiOperation:
    for column, value in columns.items():
        if column not in ("path", "summary", "description", "category"):
            raise TypeError(f"An operation has no column {column} that can be set")
        setattr(operation, column, _text(column, value, required=column == "path"))
    try:
        with transaction.atomic():
            operation.save()
    except IntegrityError:
        raise ValidationError({"path": "Another operation of this source has this name."}) from None
    return operation


def _text(column: str, value: str, *, required: bool) -> str:
    text = value.strip()
    if required and not text:
        raise ValidationError({column: "Is needed."})
    if len(text) > LONGEST[column]:
        raise ValidationError({column: f"Must be at most {LONGEST[column]:,} characters; these are {len(text):,}."})
    if "\x00" in text:
        raise ValidationError({column: "Null characters are not allowed."})
    return text
