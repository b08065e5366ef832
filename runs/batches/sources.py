"""Reads of sources together with what runs against them: their targets, environments and kinds of evals."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.accounts.models import Project
from runs.models import Target
from templates_app.models import ApiSource, EnvProfile, EvalDefinition
from templates_app.sources.selectors import profile_list, source_list


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source; `profiles` are its own environments and those that are for all."""

    source: ApiSource
    operation_count: int
    targets: Sequence[Target]
    profiles: Sequence[EnvProfile]
    eval_types: Sequence[str]


def source_rows(*, project: Project) -> list[SourceRow]:
    """All sources, by name. Four queries."""
    targets: dict[uuid.UUID | None, list[Target]] = defaultdict(list)
    for target in Target.objects.filter(project=project, source__isnull=False):
        targets[target.source_id].append(target)
    profiles = list(profile_list(project=project))
    kinds: dict[uuid.UUID, list[str]] = defaultdict(list)
    evals = EvalDefinition.objects.filter(project=project, operation__is_active=True).order_by("eval_type")
    for source_id, kind in evals.values_list("operation__source", "eval_type").distinct():
        kinds[source_id].append(kind)
    return [
        SourceRow(
            source,
            source.operation_count,  # type: ignore[attr-defined]  # source_list adds it
            targets[source.pk],
            [profile for profile in profiles if profile.source_id in (None, source.pk)],
            kinds[source.pk],
        )
        for source in source_list(project=project)
    ]
