"""What there is to do and who does it: for `/metrics`, `/readyz` and the operations page.

What is given a project is of that project; everything else is of all together, for the token of `/metrics` and for staff. Every read looks
at what is alive or at the last days, never at history, so that it costs the same after a year.
"""

import itertools
import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, F, Min, Q, Sum
from django.db.models.fields.json import KT
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.models import ALIVE, CallTally, EvalRun, RunQuerySet, Worker
from runs.selectors import LIST_DEFER
from runs.states import Status

SEEN_WITHIN = timedelta(minutes=1)
LONGEST_WAITING = 500  # the queue is taken from its old end, so the one that waits longest is among these
LISTED = 10
SETTLED_DAYS = 2  # after this long no worker adds to a day any more


@dataclass(frozen=True, slots=True)
class Load:
    """Runs that wait and runs that are worked on. `silent` leases are those whose worker has not spoken in time."""

    pending: int
    running: int
    oldest_pending_seconds: float
    held: int
    silent: int


@dataclass(frozen=True, slots=True)
class Calls:
    """What was asked of models. `unpriced` calls worked, but nobody knows what they cost."""

    calls: int = 0
    failed: int = 0
    retries: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    price_usd: Decimal = Decimal(0)

    @property
    def answered(self) -> int:
        return self.calls - self.failed

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Calls") -> "Calls":
        return Calls(*(getattr(self, name) + getattr(other, name) for name in COLUMNS))


COLUMNS = tuple(field.name for field in fields(Calls))
NONE = Calls()
# Some of it came back: until then a name is only what somebody typed, and there may be any number of those.
ANSWERED = Q(calls__gt=F("failed")) | Q(input_tokens__gt=0) | Q(output_tokens__gt=0) | Q(price_usd__gt=0)


class Asked(NamedTuple):
    """What calls are added up by. `model` is empty for all models of a provider that never answered."""

    provider: str
    model: str
    purpose: str


Tally = dict[Asked, Calls]


def load(project: Project | None = None) -> Load:
    """Two queries of what is alive, and a third when something waits."""
    now = timezone.now()
    alive = EvalRun.objects.filter(ALIVE) if project is None else EvalRun.objects.of(project).filter(ALIVE)
    counts = dict(alive.order_by().values_list("status").annotate(runs=Count("*")))
    held = alive.filter(status=Status.RUNNING, lease_expires_at__gte=now).count()
    pending, running = counts.get(Status.PENDING, 0), counts.get(Status.RUNNING, 0)
    return Load(pending, running, _waiting_seconds(alive, now) if pending else 0.0, held, max(running - held, 0))


def _waiting_seconds(alive: RunQuerySet, now: datetime) -> float:
    """Since its last change, not since it was made: a run that was resumed after a week has waited only since then."""
    oldest = alive.filter(status=Status.PENDING).order_by("created_at").values("updated_at")[:LONGEST_WAITING]
    since = oldest.aggregate(since=Min("updated_at"))["since"]
    return max((now - since).total_seconds(), 0.0) if since else 0.0


def workers_seen(within: timedelta = SEEN_WITHIN) -> list[Worker]:
    """The processes that have spoken lately: drains, and the supervisors above them. One query."""
    return list(Worker.objects.filter(seen_at__gte=timezone.now() - within).order_by("host", "kind", "started_at"))


def worker_is_seen() -> bool:
    """Whether somebody would take a run now."""
    return Worker.objects.filter(seen_at__gte=timezone.now() - SEEN_WITHIN).exists()


def runs_waiting(project: Project, most: int = LISTED) -> list[EvalRun]:
    """Those of a project that have waited longest to be taken. One query."""
    return list(_listed(project, Status.PENDING).order_by("created_at", "id")[:most])


def runs_silent(project: Project, most: int = LISTED) -> list[EvalRun]:
    """Runs of a project whose worker has not spoken in time. One query."""
    held = Q(lease_expires_at__gte=timezone.now())
    return list(_listed(project, Status.RUNNING).exclude(held).order_by("created_at", "id")[:most])


def runs_interrupted(project: Project, most: int = LISTED) -> list[EvalRun]:
    """The newest runs of a project that ended because no worker brought them to their end. One query."""
    named = _listed(project, Status.INTERRUPTED).annotate(template_name=KT("template_snapshot__name"))
    return list(named.order_by("-created_at", "-id")[:most])


def interrupted_count(project: Project) -> int:
    """How many runs of a project could be resumed. One query, of the index by status."""
    return EvalRun.objects.of(project).filter(status=Status.INTERRUPTED).count()


def _listed(project: Project, status: Status) -> RunQuerySet:
    return EvalRun.objects.of(project).filter(status=status).defer(*LIST_DEFER)


def calls_since(project: Project, first_day: date) -> Calls:
    """What a project has asked for since the beginning of a UTC day. One query."""
    sums = CallTally.objects.filter(project=project, day__gte=first_day).aggregate(**{name: Sum(name) for name in COLUMNS})
    return Calls(**{name: value for name, value in sums.items() if value is not None})


class Totals:
    """All calls there ever were, of all projects: the counters of a process's `/metrics`.

    Models stand in the order in which they first answered. Days that are settled are added up once a day and remembered, so that a
    scrape reads the last days alone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settled: Tally = {}
        self._until: date | None = None

    def now(self) -> Tally:
        """One query; two in the first scrape of a day."""
        with self._lock:
            until = datetime.now(UTC).date() - timedelta(days=SETTLED_DAYS)
            if self._until != until:
                self._settled, self._until = _tally(day__lt=until), until
            return added(self._settled.items(), _tally(day__gte=until).items())


def _tally(**days: date) -> Tally:
    sums = {f"sum_{name}": Sum(name) for name in COLUMNS}
    groups = CallTally.objects.filter(**days).order_by().values("model", "purpose").annotate(first=Min("id", filter=ANSWERED), **sums)
    rows: list[Mapping[str, Any]] = sorted(groups, key=lambda row: row["first"] or math.inf)
    return added((_asked(row), Calls(*(row[name] for name in sums))) for row in rows)


def _asked(row: Mapping[str, Any]) -> Asked:
    return Asked(row["model"].partition("/")[0], row["model"] if row["first"] else "", row["purpose"])


def added(*tallies: Iterable[tuple[Asked, Calls]]) -> Tally:
    """Summed where the key is the same, in the order of first occurrence."""
    sums: Tally = {}
    for key, calls in itertools.chain(*tallies):
        sums[key] = sums.get(key, NONE) + calls
    return sums
