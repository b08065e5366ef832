"""What runs start or continue with, read for all that were claimed together: a few queries, however many they are. Called by execute."""

import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from agents.clients import Providers, agent_spec, load_providers
from agents.llm.errors import LLMError
from agents.llm.spec import ModelSpec
from evalhub.accounts.models import Project
from runs.engine import lease
from runs.engine.lease import Lease, LeaseLost
from runs.engine.outage import is_outage
from runs.engine.transcript import Line
from runs.engine.trials.plan import TrialPlan, load_plans
from runs.engine.trials.rubric import rubric_of
from runs.models import EvalRun, Message, Verdict

logger = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")
PROVIDERS_SECONDS = 0.5
SIMULATES = {EvalRun.Kind.SIMULATE, EvalRun.Kind.RUN_EVAL}
LINE = ("index", "session_index", "turn_index", "role", "content", "simulated_at", "name", "tool_calls", "tool_call_id")


class Unreadable(LLMError):
    """What is stored of a run or its project is not what this version reads."""

    code = "internal"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run with what is committed of it. `problem` says why nobody can be asked for it; then there is no agent.

    A trial of a coding agent has none either: no model of ours is asked.
    """

    run: EvalRun
    providers: Providers
    agent: ModelSpec | None
    lines: list[Line]
    verdicts: list[Verdict]
    problem: LLMError | None = None
    trial: TrialPlan | None = None


def claim(limit: int, owner: uuid.UUID, driven: Collection[uuid.UUID]) -> list[tuple[Lease, Loaded | LeaseLost | None]]:
    """Claim runs and load them in one go: a place stands empty until both are done.

    None where what was claimed cannot be read now: the lease is ours all the same, and whoever drives the run tries again.
    """
    leases = lease.claim(limit, owner, driven)
    try:
        found = load([won.run_id for won in leases]) if leases else {}
    except Exception as error:
        logger.warning("What was claimed cannot be read at once (%s)", str(error).strip())
        found = {}
    return [(won, found.get(won.run_id)) for won in leases]


def load(run_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Loaded | LeaseLost]:
    """By run. LeaseLost for one that was deleted since it was claimed."""
    runs = EvalRun.objects.in_bulk(run_ids)
    providers = _providers(list(runs.values()))
    written = [run_id for run_id, run in runs.items() if _may_have_lines(run)]
    lines, verdicts = (lines_of(written), _verdicts(written)) if written else ({}, {})
    plans = load_plans([run_id for run_id, run in runs.items() if run.kind == EvalRun.Kind.TRIAL])
    return {
        run_id: _loaded(run, providers[run.project_id], list(lines.get(run_id, ())), list(verdicts.get(run_id, ())), plans.get(run_id))
        if (run := runs.get(run_id)) and run.project_id in providers
        else LeaseLost()
        for run_id in run_ids
    }


def _may_have_lines(run: EvalRun) -> bool:
    """A child of which nothing was written yet has none; other runs may begin with a transcript."""
    return run.kind != EvalRun.Kind.TRIAL or run.next_seq > 0


# Who can be asked, by project: what was read while children of the same batch began. Of anything newer it is read anew: who has changed a
# provider and then starts a run, or another batch, means the changed one.
_known: dict[uuid.UUID, tuple[float, Providers | LLMError]] = {}


def _providers(runs: Sequence[EvalRun]) -> Mapping[uuid.UUID, Providers | LLMError]:
    """By project. Three queries, none where all are children of batches whose providers were read just now."""
    now = time.monotonic()
    for batch_id in [key for key, (until, _) in _known.items() if until < now]:
        _known.pop(batch_id, None)
    found = {run.project_id: _known[run.batch_id][1] for run in runs if run.batch_id in _known}
    unread = {run.project_id for run in runs if run.batch_id not in _known or run.kind != EvalRun.Kind.TRIAL}
    if unread:
        projects = Project.objects.in_bulk(unread)
        found |= {key: _or_problem(load_providers, project) for key, project in projects.items()}
        for run in runs:
            if run.project_id in projects:
                run.project = projects[run.project_id]
                if run.batch_id:
                    _known.setdefault(run.batch_id, (now + PROVIDERS_SECONDS, found[run.project_id]))
    return found


def _loaded(
    run: EvalRun, providers: Providers | LLMError, lines: list[Line], verdicts: list[Verdict], plan: TrialPlan | LLMError | None
) -> Loaded:
    if isinstance(providers, LLMError):
        return Loaded(run, Providers({}), None, lines, verdicts, problem=providers)
    if run.kind == EvalRun.Kind.TRIAL:
        return _trial(Loaded(run, providers, None, lines, verdicts), plan)
    if run.kind not in SIMULATES:
        return Loaded(run, providers, None, lines, verdicts)
    agent = _or_problem(_agent, run, providers)
    if isinstance(agent, LLMError):
        return Loaded(run, providers, None, lines, verdicts, problem=agent)
    return Loaded(run, providers, agent, lines, verdicts)


def _trial(loaded: Loaded, plan: TrialPlan | LLMError | None) -> Loaded:
    """Whom it asks, and what it is judged by."""
    if plan is None or isinstance(plan, LLMError):
        return replace(loaded, problem=plan or Unreadable("EvalHub itself failed: the run is part of a batch, but says of none."))
    rubric = loaded.run.template_snapshot or _or_problem(rubric_of, plan)
    if isinstance(rubric, LLMError):
        return replace(loaded, problem=rubric)
    loaded.run.template_snapshot = rubric
    if plan.is_agent:
        return replace(loaded, trial=plan)
    agent = _or_problem(loaded.providers.spec, plan.target["model"], part="agent")
    if isinstance(agent, LLMError):
        return replace(loaded, trial=plan, problem=agent)
    return replace(loaded, trial=plan, agent=agent)


def _agent(run: EvalRun, providers: Providers) -> ModelSpec:
    return agent_spec(run.agent_snapshot, providers, project=run.project, started_with=run.agent_model)


def _or_problem(read: Callable[P, T], *args: P.args, **more: P.kwargs) -> T | LLMError:
    """What is read, or why it cannot be: what is broken in one run or project must not take along those that were claimed with it."""
    try:
        return read(*args, **more)
    except LLMError as error:
        return error
    except Exception as error:
        if is_outage(error):
            raise
        logger.exception("A run cannot be loaded")
        return Unreadable(f"EvalHub itself failed ({type(error).__name__}); the worker's log has the details.")


def lines_of(run_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Line]]:
    """The transcripts that are committed, by run; pages that show what a judge would read ask for them too."""
    found: dict[uuid.UUID, list[Line]] = defaultdict(list)
    for run_id, *values in Message.objects.filter(run_id__in=run_ids).order_by("run_id", "index").values_list("run_id", *LINE):
        line = dict(zip(LINE, values, strict=True))
        found[run_id].append(Line(**line | {"tool_calls": tuple(line["tool_calls"] or ())}))
    return found


def _verdicts(run_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[Verdict]]:
    found: dict[uuid.UUID, list[Verdict]] = defaultdict(list)
    for verdict in Verdict.objects.filter(run_id__in=run_ids).order_by("sample"):
        found[verdict.run_id].append(verdict)
    return found
