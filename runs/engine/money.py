"""What a driven run may still spend, asked before every single request to a model, retries and repairs among them.

A request is held against two limits: the run's own `max_cost_usd`, and its project's budget of the month. The most it may cost counts (its
prompt, and the longest answer it may get), beside what is spent and what other requests under way may cost. A request that might pass a
limit is not sent, and the run fails with what it has. A model without a known price is not stopped by `max_cost_usd`.

How far spending can pass a limit. The run's own: not at all, as far as prompts are estimated well (three bytes a token is on the safe side
for every tokenizer known to us) and answers of unlimited length stay below FREE_ANSWER_TOKENS. The project's budget: one worker process
knows to the call what it spent itself and hears every REFRESH_SECONDS what all others did, so by the calls that other processes make in
that time, and by what was in flight when an owner lowered the budget.

No query for a call: the figures are read once when a worker meets a project, and again every few seconds for all projects together.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from agents.llm.errors import SpendingStopped
from agents.llm.prices import price_at
from agents.llm.registry import Hold, ModelSpec, Paid, WireRequest
from agents.llm.types import CallRecord, Usage
from evalhub.common.formatting import usd
from runs import budget
from runs.engine.journal import Journal
from runs.models import EvalRun

REFRESH_SECONDS = 5.0
BYTES_A_TOKEN = 3
TOKENS_A_MESSAGE = 8
FREE_ANSWER_TOKENS = 2000  # of an answer whose length nobody limits
NOTHING = Decimal(0)
OWN, PROJECTS = "the run's limit", "the project's budget of this month"


@dataclass(slots=True)
class Pot:
    """Money of one kind: what may be spent (None: any), what is, and what requests under way may still cost."""

    limit: Decimal | None = None
    spent: Decimal = NOTHING
    held: Decimal = NOTHING

    def has(self, cost: Decimal) -> bool:
        return self.limit is None or self.spent + self.held + cost <= self.limit

    @property
    def is_empty(self) -> bool:
        return self.limit is not None and self.spent >= self.limit

    def paid(self, held: Decimal, record: CallRecord) -> None:
        """What became of a request: what was held for it is free, what it cost is spent."""
        self.held -= held
        self.spent += record.price_usd or NOTHING


@dataclass(slots=True)
class Budgets:
    """The pots of the projects that a worker process has met."""

    journal: Journal
    pots: dict[uuid.UUID, Pot] = field(default_factory=dict)

    async def of(self, project_id: uuid.UUID) -> Pot:
        """Asked once a project; runs that are claimed together ask together."""
        if project_id not in self.pots:
            self._set(project_id, await self.journal.ask(budget.standings, project_id))
        return self.pots[project_id]

    async def refresh(self) -> None:
        """Hear what other processes spent, and what an owner changed."""
        if self.pots:
            asked: Sequence[uuid.UUID] = list(self.pots)
            for project_id, now in (await self.journal.call(partial(budget.standings, asked))).items():
                self._set(project_id, now)

    def _set(self, project_id: uuid.UUID, now: budget.Standing) -> None:
        pot = self.pots.setdefault(project_id, Pot())  # the same one for all runs of the project, for ever
        pot.limit, pot.spent = now.stops_at, now.spent


class Purse:
    """What one run may spend: its own limit, within its project's."""

    def __init__(self, run: EvalRun, project: Pot) -> None:
        self._own = Pot(run.max_cost_usd, run.simulation_cost_usd + run.evaluation_cost_usd)
        self._project = project

    def hold_for(self, spec: ModelSpec) -> Hold:
        """What a connected model calls before each request."""
        return partial(self._hold, spec)

    def refuse_when_spent(self, name: str) -> None:
        """For what costs money that nobody can count beforehand: `name` may begin only while there is some. Raises SpendingStopped."""
        for pot, whose, code in ((self._own, OWN, "max_cost"), (self._project, PROJECTS, "budget")):
            if pot.is_empty:
                raise SpendingStopped(_spent(name, pot, whose), code=code)

    def _hold(self, spec: ModelSpec, request: WireRequest) -> Paid:
        """Keep money for the request, or raise SpendingStopped. Costs a comparison where nothing is limited."""
        if self._own.limit is None and self._project.limit is None:
            return partial(self._paid, NOTHING)
        price = most_it_costs(spec, request)
        cost = price or NOTHING
        if price is not None and not self._own.has(cost):
            raise SpendingStopped(_said(spec, cost, self._own, OWN), code="max_cost")
        if self._project.is_empty or not self._project.has(cost):
            raise SpendingStopped(_said(spec, cost, self._project, PROJECTS), code="budget")
        self._own.held += cost
        self._project.held += cost
        return partial(self._paid, cost)

    def _paid(self, held: Decimal, record: CallRecord) -> None:
        self._own.paid(held, record)
        self._project.paid(held, record)


def most_it_costs(spec: ModelSpec, request: WireRequest) -> Decimal | None:
    """US dollars for the prompt and the longest answer; None where no price is known."""
    said = sum(len(message.content.encode()) for message in request.messages)
    said += len(str(request.shape.json_schema)) if request.shape and request.form else 0
    prompt = said // BYTES_A_TOKEN + TOKENS_A_MESSAGE * len(request.messages)
    usage = Usage(prompt, request.max_tokens or FREE_ANSWER_TOKENS)
    return price_at(spec, usage)


def _said(spec: ModelSpec, cost: Decimal, pot: Pot, whose: str) -> str:
    limit, spent = usd(pot.limit or NOTHING), usd(pot.spent)
    if pot.is_empty:
        return _spent(spec.name, pot, whose)
    return (
        f"The next call to {spec.name} may cost up to {usd(cost)}, and {spent} are spent of {whose} ({limit}), "
        "so it was not made. What was done is kept."
    )


def _spent(name: str, pot: Pot, whose: str) -> str:
    return f"{usd(pot.spent)} are spent of {whose} ({usd(pot.limit or NOTHING)}), so {name} was not asked again. What was done is kept."
