"""Reads of sources, their operations and environments, each scoped to a project."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet

from evalhub.accounts.models import Project
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition

HEAVY = ("document", "docs")


def source_list(*, project: Project) -> QuerySet[ApiSource]:
    """By name, each with `operation_count` of what is active, without its document."""
    count = Count("operations", filter=Q(operations__is_active=True))
    rows = ApiSource.objects.filter(project=project).select_related("default_env_profile")
    return rows.defer(*HEAVY).annotate(operation_count=count).order_by("label", "id")


def source_get(*, project: Project, source_id: uuid.UUID) -> ApiSource:
    """Without its document. Raises ApiSource.DoesNotExist."""
    return ApiSource.objects.defer("document").select_related("default_env_profile").get(project=project, pk=source_id)


def operation_list(*, source: ApiSource, search: str = "", category: str = "", with_gone: bool = False) -> QuerySet[ApiOperation]:
    """In the document's order, without snapshots. `search` is part of path, name or summary."""
    rows = ApiOperation.objects.filter(source=source).defer("snapshot")
    rows = rows if with_gone else rows.filter(is_active=True)
    rows = rows.filter(category=category) if category else rows
    for word in search.split()[:5]:
        rows = rows.filter(Q(path__icontains=word) | Q(summary__icontains=word) | Q(operation_key__icontains=word) | Q(method__iexact=word))
    return rows.order_by("position", "path", "method")


def operation_categories(*, source: ApiSource) -> list[dict[str, Any]]:
    """[{category, count}] of active operations; the empty name is for those without one."""
    rows = ApiOperation.objects.filter(source=source, is_active=True).values("category")
    return [dict(row) for row in rows.annotate(count=Count("id")).order_by("category")]


def operation_get(*, project: Project, operation_id: uuid.UUID) -> ApiOperation:
    """With its source. Raises ApiOperation.DoesNotExist."""
    return ApiOperation.objects.select_related("source").defer("source__document").get(source__project=project, pk=operation_id)


def definitions_of(*, operation: ApiOperation) -> Sequence[EvalDefinition]:
    """The eval definitions of an operation, the oldest first."""
    return list(EvalDefinition.objects.filter(operation=operation).order_by("created_at", "id"))


def profile_list(*, project: Project, source: ApiSource | None = None) -> QuerySet[EnvProfile]:
    """By name, with their sources; of a source, those of its own and those that are for all."""
    rows = EnvProfile.objects.filter(project=project).select_related("source").defer("variables_encrypted", "source__document")
    rows = rows.filter(Q(source=source) | Q(source=None)) if source else rows
    return rows.order_by("name", "id")


def profile_get(*, project: Project, profile_id: uuid.UUID) -> EnvProfile:
    """Raises EnvProfile.DoesNotExist."""
    return EnvProfile.objects.select_related("source").get(project=project, pk=profile_id)
