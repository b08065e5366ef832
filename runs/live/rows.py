"""A run as a row of a list: the first paint, the polled table and the live list show the same. Reads nothing but what it is given."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models.fields.json import KT
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.excerpts import Excerpt
from runs.live.scorecard import Bar
from runs.models import EvalRun
from runs.selectors import LIST_DEFER
from runs.states import Status


@dataclass(frozen=True, slots=True)
class Row:
    """`elapsed` is seconds, None before a run begins; `since` is set while they go on."""

    run: EvalRun
    template_name: str
    adaptation_name: str
    bar: Bar | None
    elapsed: float | None
    since: datetime | None
    excerpt: Excerpt | None = None

    @property
    def is_unscored(self) -> bool:
        """Judged to its end and without a score, which is not zero."""
        return self.bar is None and self.run.status == Status.COMPLETED and bool(self.template_name)

    @property
    def percent(self) -> int:
        planned = self.run.planned_turns
        return min(round(100 * self.run.total_turns / planned), 100) if planned else 0


def runs_of(project: Project, ids: Iterable[uuid.UUID]) -> list[EvalRun]:
    """These runs in this order, without the wide columns; those that are gone are left out. One query."""
    names = {"template_name": KT("template_snapshot__name"), "adaptation_name": KT("adaptation_template_snapshot__name")}
    wanted = list(ids)
    # By their ids alone: with the project as well SQLite would walk through all runs of it.
    found = EvalRun.objects.filter(pk__in=wanted).defer(*LIST_DEFER).annotate(**names).in_bulk(wanted) if wanted else {}
    return [found[key] for key in wanted if key in found and found[key].project_id == project.pk]


def rows(runs: Iterable[EvalRun], found: Mapping[uuid.UUID, Excerpt] | None = None) -> list[Row]:
    """Of runs from `runs_of`."""
    return [_row(run, (found or {}).get(run.id)) for run in runs]


def _row(run: EvalRun, excerpt: Excerpt | None) -> Row:
    end = run.completed_at or timezone.now()
    return Row(
        run=run,
        template_name=getattr(run, "template_name", None) or "",
        adaptation_name=getattr(run, "adaptation_name", None) or "",
        bar=None if run.score is None else Bar(run.score),
        elapsed=(end - run.started_at).total_seconds() if run.started_at else None,
        since=run.started_at if run.is_active else None,
        excerpt=excerpt,
    )
