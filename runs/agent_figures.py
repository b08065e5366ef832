"""What an agent's runs say about it, for lists and pages of agents: the last run, and the scores of the newest ones.

Reads only as many runs of each agent as are shown, by the index of agents' runs, however many there are.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from agents.models import Agent
from evalhub.accounts.models import Project
from evalhub.common.statistics import Mean, mean_of
from runs.models import EvalRun
from runs.states import ACTIVE, Status

LATELY = 20
ROW = ("id", "agent_id", "status", "kind", "score", "uses_demo", "created_at", "cancel_requested_at")
JUDGED = {EvalRun.Kind.RUN_EVAL, EvalRun.Kind.EVALUATE, EvalRun.Kind.EVAL_ONLY}


@dataclass(frozen=True, slots=True)
class Ran:
    """What is shown of a run here, in the order of ROW: six hundred models on a page would take longer to make than to read."""

    id: uuid.UUID
    agent_id: uuid.UUID
    status: str
    kind: str
    score: float | None
    uses_demo: bool
    created_at: datetime
    cancel_requested_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


@dataclass(frozen=True, slots=True)
class Figures:
    """The newest LATELY runs of an agent, newest first. A mean is of those that have a score; unscored is not zero."""

    runs: Sequence[Ran] = ()

    @property
    def last(self) -> Ran | None:
        return self.runs[0] if self.runs else None

    @property
    def scored(self) -> list[Ran]:
        """Those with a score, oldest first, as a line is drawn."""
        return [run for run in reversed(self.runs) if run.score is not None]

    @property
    def scores(self) -> list[float]:
        return [run.score for run in self.scored if run.score is not None]

    @property
    def mean(self) -> Mean | None:
        return mean_of(self.scores)

    @property
    def unscored(self) -> int:
        """Runs that were judged to an end and got no score."""
        return sum(run.score is None and run.status == Status.COMPLETED and run.kind in JUDGED for run in self.runs)

    @property
    def uses_demo(self) -> bool:
        return any(run.uses_demo for run in self.scored)


def with_stretch(agents: QuerySet[Agent]) -> QuerySet[Agent]:
    """The agents, each with `lately_since`: when the oldest of its newest runs was made; None where it has fewer than LATELY."""
    own = EvalRun.objects.filter(project_id=OuterRef("project_id"), agent_id=OuterRef("pk")).order_by("-created_at", "-id")
    return agents.annotate(lately_since=Subquery(own.values("created_at")[LATELY - 1 : LATELY]))


def figures(*, project: Project, agents: Iterable[Agent]) -> dict[uuid.UUID, Figures]:
    """By agent, of agents that `with_stretch` gave. One query, of LATELY rows an agent."""
    stretches = [_stretch(project, agent) for agent in agents]
    if not stretches:
        return {}
    wanted = Q()
    for stretch in stretches:
        wanted |= stretch
    found: dict[uuid.UUID, list[Ran]] = {}
    for row in EvalRun.objects.filter(wanted).order_by().values_list(*ROW):
        run = Ran(*row)
        found.setdefault(run.agent_id, []).append(run)
    return {key: Figures(sorted(runs, key=lambda run: (run.created_at, run.id), reverse=True)[:LATELY]) for key, runs in found.items()}


def _stretch(project: Project, agent: Any) -> Q:
    since = {"created_at__gte": agent.lately_since} if agent.lately_since else {}
    return Q(project=project, agent_id=agent.pk, **since)
