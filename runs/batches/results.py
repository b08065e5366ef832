"""Reads of what came of API tasks and custom evals: the newest ones, one of them, and what belongs to each. Query counts are constant."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KT

from evalhub.accounts.models import Project
from runs.models import Batch, BatchSubject, EvalRun, Message, Trial
from templates_app.models import ApiSource, SourceType
from templates_app.prompts.selectors import own_brand

KINDS = (SourceType.REST_API, SourceType.SDK, SourceType.CLI, SourceType.CUSTOM_EVALS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PARTS = ("method", "path", "description")


@dataclass(frozen=True, slots=True)
class Result:
    """A trial with what it was about. `endpoint` has PARTS as far as the batch's copy is there; `source` may be gone."""

    trial: Trial
    endpoint: Mapping[str, Any]
    source: ApiSource | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A result with what was said: the lines by their roles."""

    result: Result
    run: EvalRun
    lines: Sequence[Message]

    def said(self, role: str) -> str | None:
        """The first line of a role, None where nothing was said."""
        return next((line.content for line in self.lines if line.role == role), None)


def company_of(project: Project) -> tuple[str, str | None]:
    """(name, domain): the first own brand, else the project's name. One query."""
    brand = own_brand(project=project)
    return (brand.name, brand.domain or None) if brand else (project.name, None)


def results_of(project: Project, kind: str) -> QuerySet[Trial]:
    """Those of one kind that are over, the newest first."""
    return Trial.objects.filter(project=project, source_type=kind, finished_at__isnull=False).order_by("-finished_at", "-pk")


def newest_results(*, project: Project, size: int, since: datetime | None = None) -> list[Result]:
    """The last `size` of all kinds. Six queries: each kind's index gives its newest without looking at the others."""
    found: list[tuple[datetime | None, uuid.UUID]] = []
    for kind in KINDS:
        trials = results_of(project, kind)
        trials = trials.filter(finished_at__gte=since) if since else trials
        found += trials.values_list("finished_at", "pk")[:size]
    keys = [key for _, key in islice(sorted(found, key=lambda item: (item[0] or EPOCH, item[1]), reverse=True), size)]
    trials_by_key = Trial.objects.defer("details").in_bulk(keys)
    return with_subjects([trials_by_key[key] for key in keys if key in trials_by_key])


def with_subjects(trials: Sequence[Trial]) -> list[Result]:
    """What each is about. Two queries; of the frozen copies only what is shown."""
    endpoints = dict(_endpoints({trial.subject_id for trial in trials}))
    sources = ApiSource.objects.defer("document", "docs", "import_report").in_bulk({each.source_id for each in trials if each.source_id})
    return [_result(trial, endpoints, sources) for trial in trials]


def _result(trial: Trial, endpoints: Mapping[Any, Mapping[str, Any]], sources: Mapping[uuid.UUID, ApiSource]) -> Result:
    source = sources.get(trial.source_id) if trial.source_id else None
    return Result(trial, endpoints.get(trial.subject_id) or {}, source)


def _endpoints(subjects: Iterable[Any]) -> Iterable[tuple[Any, Mapping[str, Any]]]:
    # As texts: a text that is a number would come out as one.
    wanted = {part: KT(f"snapshot__operation__{part}") for part in PARTS} | {"of_custom": KT("snapshot__description")}
    for key, *values in BatchSubject.objects.filter(pk__in=set(subjects)).values_list("pk", *wanted.values()):
        told = dict(zip(wanted, values, strict=True))
        custom = told.pop("of_custom")
        yield key, {**told, "description": told["description"] or custom}


def result_get(*, project: Project, run_id: uuid.UUID) -> Whole:
    """One result, over or not. Five queries. Raises Trial.DoesNotExist, also for another project's and for an answer to a prompt."""
    trial = Trial.objects.select_related("run").get(pk=run_id, project=project, source_type__in=KINDS)
    return Whole(with_subjects([trial])[0], trial.run, list(trial.run.messages.order_by("index")))


def wholes(results: Sequence[Result]) -> list[Whole]:
    """The same for several. Two queries. Their trials must carry their details."""
    keys = [result.trial.pk for result in results]
    runs = EvalRun.objects.in_bulk(keys)
    lines: dict[uuid.UUID, list[Message]] = {key: [] for key in keys}
    for line in Message.objects.filter(run_id__in=keys).order_by("run_id", "index"):
        lines[line.run_id].append(line)
    return [Whole(result, runs[result.trial.pk], lines[result.trial.pk]) for result in results]


def why(trial: Trial) -> str | None:
    """A sentence about what went wrong: of the first check that failed, else of the error that ended it. None where nothing did."""
    checks = trial.details.get("checks") or []
    failed = (check.get("detail") for check in checks if isinstance(check, Mapping) and check.get("passed") is False)
    error = trial.details.get("error") or {}
    return next((text for text in failed if text), None) or (error.get("message") if isinstance(error, Mapping) else None)


@dataclass(frozen=True, slots=True)
class Child:
    """A result as part of its batch. `why` is what kept it from passing."""

    result: Result
    profile: str
    why: str | None


def children_page(*, project: Project, batch_id: uuid.UUID, after: int, size: int) -> tuple[list[Child], int | None]:
    """Children of one batch by position, over or not, and where the next page begins. Four queries. Raises Batch.DoesNotExist."""
    batch = Batch.objects.of(project).only("profiles").get(pk=batch_id)
    trials = list(Trial.objects.filter(batch_id=batch_id, position__gt=after).select_related("run").order_by("position")[: size + 1])
    shown = trials[:size]
    found = [Child(result, _profile(batch, result.trial), why(result.trial)) for result in with_subjects(shown)]
    return found, shown[-1].position if len(trials) > size else None


def _profile(batch: Batch, trial: Trial) -> str:
    return str(batch.profiles[trial.profile_index]["name"]) if trial.profile_index is not None else ""
