"""The history of custom evals: a page of what came of them, with filters, and what there is to filter by. Constant query counts.

A run that ended without a verdict about its target (its provider was away, its worker died) is none of the target's results: left out.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from evalhub.accounts.models import Project
from runs.models import Batch, BatchSubject, Message, Trial
from templates_app.models import CustomEval, CustomEvalCategory, SourceType

COLUMNS = {
    "time": "finished_at",
    "use_case": "label",
    "target": "target_key",
    "result": "passed",
    "score": "score",
    "tool_calls": "tool_calls",
    "latency": "latency_ms",
}
MOST_FACETS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a page is to have. `sort_by` is a key of COLUMNS."""

    custom_eval_id: uuid.UUID | None = None
    limit: int = 25
    offset: int = 0
    search: str = ""
    result: str = "all"
    target_key: str = ""
    category_id: uuid.UUID | None = None
    sort_by: str = "time"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Facet:
    """Something to filter by."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One run. `snapshot` is the batch's copy of the custom eval, `target` of whom it asked; {} where the batch was deleted."""

    trial: Trial
    snapshot: Mapping[str, Any]
    target: Mapping[str, Any]
    category: CustomEvalCategory | None
    prompt_sent: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """`total` is of all that match; facets are of all that there are, whatever the filter."""

    rows: Sequence[Row]
    total: int
    targets: Sequence[Facet] = field(default=())
    categories: Sequence[Facet] = field(default=())


def custom_eval_known(*, project: Project, key: uuid.UUID) -> bool:
    """Whether the project has, or had, a custom eval of this id."""
    is_there = CustomEval.objects.filter(project=project, pk=key).exists()
    return is_there or Trial.objects.filter(project=project, ref=key, source_type=SourceType.CUSTOM_EVALS).exists()


def history_page(*, project: Project, wanted: Wanted) -> Page:
    """Eight queries, whatever there is."""
    every = Trial.objects.filter(project=project, source_type=SourceType.CUSTOM_EVALS, finished_at__isnull=False, passed__isnull=False)
    if wanted.custom_eval_id:
        every = every.filter(ref=wanted.custom_eval_id)
    matching = _matching(every, wanted)
    column = F(COLUMNS[wanted.sort_by])
    order = column.desc(nulls_last=True) if wanted.descending else column.asc(nulls_last=True)
    trials = list(matching.order_by(order, "-finished_at", "-pk")[wanted.offset : wanted.offset + wanted.limit])
    return Page(_rows(trials), matching.count(), _targets(every), _categories(every))


def _matching(trials: QuerySet[Trial], wanted: Wanted) -> QuerySet[Trial]:
    if wanted.result != "all":
        trials = trials.filter(passed=wanted.result == "passed")
    if wanted.target_key:
        trials = trials.filter(target_key=wanted.target_key)
    if wanted.category_id:
        trials = trials.filter(group_id=wanted.category_id)
    if wanted.search:
        columns = ("label", "group", "platform", "model")
        trials = trials.filter(Q(*((f"{column}__icontains", wanted.search) for column in columns), _connector=Q.OR))
    return trials


def _rows(trials: Sequence[Trial]) -> list[Row]:
    subjects = dict(BatchSubject.objects.filter(pk__in={trial.subject_id for trial in trials}).values_list("pk", "snapshot"))
    targets = dict(Batch.objects.filter(pk__in={trial.batch_id for trial in trials}).values_list("pk", "targets"))
    categories = CustomEvalCategory.objects.in_bulk({trial.group_id for trial in trials if trial.group_id})
    asked = dict(Message.objects.filter(run_id__in=[trial.pk for trial in trials], index=0).values_list("run_id", "content"))
    return [
        Row(
            trial,
            subjects.get(trial.subject_id, {}),
            targets[trial.batch_id][trial.target_index] if trial.batch_id in targets else {},
            categories.get(trial.group_id) if trial.group_id else None,
            asked.get(trial.pk),
        )
        for trial in trials
    ]


def _targets(trials: QuerySet[Trial]) -> list[Facet]:
    counted = trials.order_by().values("target_key", "platform", "model").annotate(n=Count("pk")).order_by("-n", "target_key")
    return [Facet(row["target_key"], f"{row['model']} ({row['platform']})", row["n"]) for row in counted[:MOST_FACETS]]


def _categories(trials: QuerySet[Trial]) -> list[Facet]:
    named = trials.filter(group_id__isnull=False).order_by()
    counted = named.values("group_id").annotate(n=Count("pk"), name=Max("group")).order_by("-n", "group_id")
    return [Facet(str(row["group_id"]), row["name"], row["n"]) for row in counted[:MOST_FACETS]]
