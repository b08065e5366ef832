"""Runs made of a run that is there: the same once more, or its transcript judged again. Writes asked for by people, as in `services`."""

import uuid
from typing import Any

from django.db import transaction

from agents.models import Agent
from evalhub.accounts.models import Project
from runs.budget import admit
from runs.models import EvalRun, Message
from runs.request import RunRequest
from runs.services import Kind, ring, run_create
from templates_app.models import EvalTemplate

# What a run was asked for, and the models it named: all that is copied. What came of it is not.
FROZEN = (
    "kind",
    "agent_id",
    "agent_name",
    "template_id",
    "adaptation_template_id",
    "source_run_id",
    "user_id",
    "agent_snapshot",
    "template_snapshot",
    "adaptation_template_snapshot",
    "user_persona",
    "simulation_config",
    "sessions",
    "agent_model",
    "user_model",
    "judge_model",
    "adaptation_judge_model",
    "planned_turns",
    "max_attempts",
    "max_cost_usd",
)
# A run that simulates nothing was given its conversation, and what stands beside it.
GIVEN = ("simulation_state", "total_sessions", "total_turns", "simulated_minutes")
SIMULATES = {Kind.SIMULATE, Kind.RUN_EVAL}


class PartOfABatch(Exception):
    """A child of a batch is run again with its batch. Its text says so."""


class NothingToJudge(Exception):
    """The run is not over, or nothing was said in it, or no template was chosen. Its text says which."""


def run_again(*, run_id: uuid.UUID, project: Project) -> EvalRun:
    """A new pending run of the frozen inputs of another: an edit of agent, persona or template since then changes nothing.

    Raises PartOfABatch, BudgetSpent and EvalRun.DoesNotExist.
    """
    source = EvalRun.objects.of(project).get(pk=run_id)
    if source.kind == Kind.TRIAL:
        raise PartOfABatch("This run is part of a batch: run the failed runs of the batch again, or the batch as a whole.")
    run = EvalRun(project=project, **_columns(source))
    with transaction.atomic():
        admit(project)
        run.save(force_insert=True)
        if source.kind not in SIMULATES:
            Message.objects.bulk_create(_copies(run, source), batch_size=500)
        transaction.on_commit(ring, robust=True)
    return run


def _columns(source: EvalRun) -> dict[str, Any]:
    names = FROZEN if source.kind in SIMULATES else FROZEN + GIVEN
    # Who played in the transcript that is given stays; who plays in a new one is seen when it is played.
    demo = source.kind == Kind.EVAL_ONLY and source.uses_demo
    return {name: getattr(source, name) for name in names} | {"uses_demo": demo}


def _copies(run: EvalRun, source: EvalRun) -> list[Message]:
    messages = list(source.messages.order_by("index"))
    for message in messages:
        message.pk, message.run = None, run
        message._state.adding = True
    return messages


def run_rejudge(*, run_id: uuid.UUID, project: Project, template: EvalTemplate | None, adaptation_template: EvalTemplate | None) -> EvalRun:
    """A new run that judges the transcript of another by these templates; the agent is never called. The old result stays.

    Raises NothingToJudge, SourceGone, BudgetSpent and EvalRun.DoesNotExist.
    """
    source = EvalRun.objects.of(project).get(pk=run_id)
    if not source.is_final:
        raise NothingToJudge(f"The run is {source.status}: it can be judged again once it is over.")
    if not (template or adaptation_template):
        raise NothingToJudge("Choose a template to judge by.")
    if not source.messages.exists():
        raise NothingToJudge("Nothing was said in this run, so there is nothing to judge.")
    # It stands for the agent, who may be renamed or gone: only its key and name are read.
    speaker = Agent(id=source.agent_id, name=source.agent_name)
    request = RunRequest(agent=speaker, source_run=source, template=template, adaptation_template=adaptation_template)
    return run_create(project=project, kind=Kind.EVAL_ONLY, request=request)
