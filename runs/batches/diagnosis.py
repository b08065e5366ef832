"""Why API tasks and custom evals fail: the failures of a window by reason, with whom and what they are about.

All of it is counted in the database, within the window, in a constant number of queries. A failure is a run that did not pass, or that
ended for a reason that is not that somebody cancelled it.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from evalhub.accounts.models import Project
from runs.batches.results import KINDS, Whole, wholes, why, with_subjects
from runs.models import Trial
from templates_app.reasons import meaning

TOP = 10
MOST_REASONS = 50
AFFECTED, RUNS_NAMED, EXAMPLE_REASONS = 5, 10, 3
HIGH, MEDIUM = 0.3, 0.1  # shares of all failures
UNEXPLAINED = "unexplained"
NOBODYS_FAULT = ("", "cancelled")


@dataclass(frozen=True, slots=True)
class Counted:
    """Something that failed `count` times. `id` is an operation's or custom eval's; "" of a model or reason."""

    label: str
    count: int
    id: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """All failures with one reason. `share` is of all failures, 0 to 1."""

    reason: str
    count: int
    share: float
    said: Sequence[str]
    endpoints: Sequence[Counted]
    models: Sequence[str]
    run_ids: Sequence[uuid.UUID]

    @property
    def label(self) -> str:
        return self.reason.replace("_", " ").capitalize()

    @property
    def description(self) -> str:
        return "It did not pass, and no reason was stored." if self.reason == UNEXPLAINED else meaning(self.reason)

    @property
    def severity(self) -> str:
        return "high" if self.share >= HIGH else "medium" if self.share >= MEDIUM else "low"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`total` counts what is over and was not cancelled; `examples` are the newest failures."""

    total: int
    failed: int
    passed: int
    patterns: Sequence[Pattern]
    endpoints: Sequence[Counted]
    models: Sequence[Counted]
    examples: Sequence[Whole]

    @property
    def failure_rate(self) -> float | None:
        """Of those that passed or failed, 0 to 1."""
        decided = self.failed + self.passed
        return self.failed / decided if decided else None


def diagnose(*, project: Project, since: datetime, examples: int = 0) -> Diagnosis:
    """Twelve queries with examples, eight without."""
    window = Trial.objects.filter(project=project, source_type__in=KINDS, finished_at__gte=since)
    failure = Q(passed=False) | (Q(passed=None) & ~Q(first_reason__in=NOBODYS_FAULT))
    counts = window.exclude(first_reason="cancelled").aggregate(
        total=Count("pk"), failed=Count("pk", filter=failure), passed=Count("pk", filter=Q(passed=True))
    )
    failures = window.filter(failure).order_by()
    newest = list(failures.order_by("-finished_at", "-pk")[:examples]) if examples else []
    return Diagnosis(
        **counts,
        patterns=_patterns(failures, counts["failed"]),
        endpoints=[_endpoint(row) for row in _by_endpoint(failures)[:TOP]],
        models=[Counted(row["model"], row["n"], platform=row["platform"]) for row in _by_model(failures)[:TOP]],
        examples=wholes(with_subjects(newest)) if newest else [],
    )


def _by_endpoint(failures: QuerySet[Trial], *groups: str) -> Any:
    return failures.values("ref", *groups).annotate(n=Count("pk"), name=Max("label")).order_by("-n", "name", "ref")


def _by_model(failures: QuerySet[Trial], *groups: str) -> Any:
    return failures.values("platform", "model", *groups).annotate(n=Count("pk")).order_by("-n", "platform", "model")


def _endpoint(row: Mapping[str, Any]) -> Counted:
    return Counted(row["name"], row["n"], id=str(row["ref"]))


def _patterns(failures: QuerySet[Trial], failed: int) -> list[Pattern]:
    """Four queries."""
    counted = list(failures.values("first_reason").annotate(n=Count("pk")).order_by("-n", "first_reason")[:MOST_REASONS])
    endpoints = _first_of_each(_by_endpoint(failures, "first_reason"))
    models = _first_of_each(_by_model(failures, "first_reason"))
    runs = _newest_of_each(failures)
    return [
        Pattern(
            reason=reason or UNEXPLAINED,
            count=count,
            share=count / failed,
            said=list(dict.fromkeys(text for trial in runs[reason] if (text := why(trial))))[:EXAMPLE_REASONS],
            endpoints=[_endpoint(row) for row in endpoints[reason]],
            models=[row["model"] for row in models[reason]],
            run_ids=[trial.pk for trial in runs[reason]],
        )
        for reason, count in ((row["first_reason"], row["n"]) for row in counted)
    ]


def _first_of_each(groups: Any) -> Mapping[str, list[Mapping[str, Any]]]:
    """The largest groups of each reason."""
    place = Window(RowNumber(), partition_by=[F("first_reason")], order_by=F("n").desc())
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in groups.annotate(place=place).filter(place__lte=AFFECTED):
        found[row["first_reason"]].append(row)
    return found


def _newest_of_each(failures: QuerySet[Trial]) -> Mapping[str, list[Trial]]:
    """The newest failures of each reason, as far as they are named."""
    place = Window(RowNumber(), partition_by=[F("first_reason")], order_by=[F("finished_at").desc(), F("pk").desc()])
    keys = list(failures.annotate(place=place).filter(place__lte=RUNS_NAMED).values_list("pk", flat=True))
    found: dict[str, list[Trial]] = defaultdict(list)
    for trial in Trial.objects.filter(pk__in=keys).only("first_reason", "details").order_by("-finished_at", "-pk"):
        found[trial.first_reason].append(trial)
    return found
