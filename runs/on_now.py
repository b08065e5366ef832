"""What is on in a project now: running batches, each as one, and single runs. Read from what is alive, never from history."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models.fields.json import KT

from evalhub.accounts.models import Project
from runs.batches.reading import WIDE, States, states
from runs.models import ALIVE, Batch, EvalRun
from runs.models.run import SINGLE_WAITS, RunQuerySet
from runs.selectors import LIST_DEFER
from runs.states import Status

LISTED = 8  # batches, and single runs


@dataclass(frozen=True, slots=True)
class Now:
    """What is on: the first few batches, and single runs with how many there are of them in all. Children are told with their batch."""

    batches: Sequence[tuple[Batch, States]] = ()
    more_batches: bool = False
    runs: Sequence[EvalRun] = field(default_factory=list)
    running: int = 0
    waiting: int = 0

    @property
    def more(self) -> int:
        return self.running + self.waiting - len(self.runs)

    @property
    def is_anything(self) -> bool:
        return bool(self.batches or self.runs)


def now(*, project: Project) -> Now:
    """What is on, those that run before those that wait, the oldest first. Six queries, of what is alive alone.

    Waiting runs have an index without the children of batches, of which a hundred thousand may wait; running ones are few.
    """
    of_project = EvalRun.objects.of(project)
    running, waiting = of_project.filter(ALIVE, status=Status.RUNNING, batch=None), of_project.filter(SINGLE_WAITS)
    alive = list(Batch.objects.of(project).alive().defer(*WIDE).order_by("created_at", "id")[: LISTED + 1])
    known = states(alive)
    return Now(
        batches=[(batch, known[batch.pk]) for batch in alive[:LISTED]],
        more_batches=len(alive) > LISTED,
        runs=[*_first(running), *_first(waiting)][:LISTED],
        running=running.count(),
        waiting=waiting.count(),
    )


def _first(runs: RunQuerySet) -> RunQuerySet:
    return runs.annotate(template_name=KT("template_snapshot__name")).defer(*LIST_DEFER).order_by("created_at", "id")[:LISTED]
