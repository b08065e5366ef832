"""Why API tasks and custom evals fail: the failures of a window by reason, with whom and what they are about.

The database counts, in one pass over the window; what comes back is one row for each thing, model and reason that met in it, however many
runs there were. A failure is a run that did not pass, or that ended for a reason that is not that somebody cancelled it.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

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
Key = TypeVar("Key", str, tuple[str, str])


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


@dataclass(frozen=True, slots=True)
class _Group:
    """Runs that are alike: `n` of them."""

    passed: bool | None
    first_reason: str
    ref: uuid.UUID
    platform: str
    model: str
    n: int
    name: str

    @property
    def is_failure(self) -> bool:
        return self.passed is False or (self.passed is None and self.first_reason not in NOBODYS_FAULT)

    @property
    def endpoint(self) -> tuple[str, str]:
        return self.name, str(self.ref)

    @property
    def target(self) -> tuple[str, str]:
        return self.platform, self.model


def diagnose(*, project: Project, since: datetime, examples: int = 0) -> Diagnosis:
    """Seven queries with examples, three without."""
    window = Trial.objects.filter(project=project, source_type__in=KINDS, finished_at__gte=since)
    failures = window.filter(Q(passed=False) | (Q(passed=None) & ~Q(first_reason__in=NOBODYS_FAULT))).order_by()
    groups = _groups(window)
    failed = [group for group in groups if group.is_failure]
    newest = list(failures.order_by("-finished_at", "-pk")[:examples]) if examples and failed else []
    return Diagnosis(
        total=sum(group.n for group in groups),
        failed=sum(group.n for group in failed),
        passed=sum(group.n for group in groups if group.passed),
        patterns=_patterns(failed, _newest_of_each(failures) if failed else {}),
        endpoints=_endpoints(failed, TOP),
        models=[Counted(model, count, platform=platform) for (platform, model), count in _most(failed, lambda group: group.target, TOP)],
        examples=wholes(with_subjects(newest)) if newest else [],
    )


def _groups(window: QuerySet[Trial]) -> list[_Group]:
    alike = window.exclude(first_reason="cancelled").order_by().values("passed", "first_reason", "ref", "platform", "model")
    return [_Group(**row) for row in alike.annotate(n=Count("pk"), name=Max("label"))]


def _most(groups: Iterable[_Group], key: Callable[[_Group], Key], limit: int) -> list[tuple[Key, int]]:
    """What has the most runs, and how many."""
    counts: Counter[Key] = Counter()
    for group in groups:
        counts[key(group)] += group.n
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def _endpoints(groups: Iterable[_Group], limit: int) -> list[Counted]:
    return [Counted(label, count, id=ref) for (label, ref), count in _most(groups, lambda group: group.endpoint, limit)]


def _patterns(failed: Sequence[_Group], newest: Mapping[str, Sequence[Trial]]) -> list[Pattern]:
    everything = sum(group.n for group in failed)
    by_reason: dict[str, list[_Group]] = defaultdict(list)
    for group in failed:
        by_reason[group.first_reason].append(group)
    return [
        Pattern(
            reason=reason or UNEXPLAINED,
            count=count,
            share=count / everything,
            said=list(dict.fromkeys(text for trial in newest.get(reason, ()) if (text := why(trial))))[:EXAMPLE_REASONS],
            endpoints=_endpoints(by_reason[reason], AFFECTED),
            models=list(dict.fromkeys(model for (_, model), _ in _most(by_reason[reason], lambda group: group.target, AFFECTED))),
            run_ids=[trial.pk for trial in newest.get(reason, ())],
        )
        for reason, count in _most(failed, lambda group: group.first_reason, MOST_REASONS)
    ]


def _newest_of_each(failures: QuerySet[Trial]) -> Mapping[str, list[Trial]]:
    """The newest failures of each reason, as far as they are named."""
    place = Window(RowNumber(), partition_by=[F("first_reason")], order_by=[F("finished_at").desc(), F("pk").desc()])
    keys = list(failures.annotate(place=place).filter(place__lte=RUNS_NAMED).values_list("pk", flat=True))
    found: dict[str, list[Trial]] = defaultdict(list)
    for trial in Trial.objects.filter(pk__in=keys).only("first_reason", "details").order_by("-finished_at", "-pk"):
        found[trial.first_reason].append(trial)
    return found
