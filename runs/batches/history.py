"""The history of custom evals: a page of what came of them, with filters, and what there is to filter by. Constant query counts.

A run that ended without a verdict about its target (its provider was away, its worker died) is none of the target's results: left out.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet

from evalhub.accounts.models import Project
from runs import trial_tally
from runs.models import Batch, BatchSubject, Message, Trial
from runs.trial_tally import Results
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
    """At most seven queries, whatever there is. Counts are those that the database keeps, but of one custom eval or of a search."""
    every = Trial.objects.filter(project=project, source_type=SourceType.CUSTOM_EVALS, finished_at__isnull=False, passed__isnull=False)
    if wanted.custom_eval_id:
        every = every.filter(ref=wanted.custom_eval_id)
    matching = _matching(every, wanted)
    column = F(COLUMNS[wanted.sort_by])
    order = column.desc(nulls_last=True) if wanted.descending else column.asc(nulls_last=True)
    trials = list(matching.order_by(order, "-finished_at", "-pk")[wanted.offset : wanted.offset + wanted.limit])
    kept = _counted(every) if wanted.custom_eval_id else trial_tally.results(project_id=project.pk, source_type=SourceType.CUSTOM_EVALS)
    total = matching.count() if wanted.search else sum(_matches(results, wanted) for results in kept)
    return Page(_rows(trials), total, _targets(kept), _categories(kept))


def _matches(results: Results, wanted: Wanted) -> int:
    """How many of them are wanted, where no words are searched for."""
    if wanted.target_key not in ("", results.target_key) or wanted.category_id not in (None, results.group_id):
        return 0
    return {"all": results.judged, "passed": results.passed}.get(wanted.result, results.judged - results.passed)


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


def _counted(trials: QuerySet[Trial]) -> list[Results]:
    """As `trial_tally.results` has all of them."""
    keys = ("target_key", "platform", "model", "group_id")
    rows = trials.order_by().values_list(*keys).annotate(name=Max("group"), n=Count("pk"), ok=Count("pk", filter=Q(passed=True)))
    return [Results(*row) for row in rows]


def _targets(kept: Sequence[Results]) -> list[Facet]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in kept:
        counts[one.target_key, one.platform, one.model] += one.judged
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Facet(key, f"{model} ({platform})", n) for (key, platform, model), n in listed[:MOST_FACETS]]


def _categories(kept: Sequence[Results]) -> list[Facet]:
    """One that was renamed is one, under the last of its names in the alphabet."""
    counts: Counter[uuid.UUID] = Counter()
    names: dict[uuid.UUID, str] = {}
    for one in kept:
        if one.group_id:
            counts[one.group_id] += one.judged
            names[one.group_id] = max(names.get(one.group_id, ""), one.name)
    listed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Facet(str(key), names[key], n) for key, n in listed[:MOST_FACETS]]
