"""Writes asked for by people: start, cancel, resume and delete a run.

Pages, API and command parse, then call these; nothing else writes a run but its worker.
"""

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from agents.character import merge_character
from evalhub.accounts.models import Project
from runs import ends
from runs.batches.reopening import reopen
from runs.budget import admit
from runs.clock import CLOCK
from runs.events import log
from runs.events.types import Retrying
from runs.models import Batch, EvalRun, Message
from runs.plan import plan_sessions, planned_turns
from runs.request import RunRequest as RunRequest
from runs.states import Status
from templates_app.services import templates_used

Kind = EvalRun.Kind
STOP_SECONDS = 3.0  # a worker looks every half second whether it should stop
POLL_SECONDS = 0.05
LAST_WORDS_SECONDS = 0.3
# Deletes that wait hold a place of the web process, so most places are not for them.
_waiting = threading.BoundedSemaphore(settings.DELETES_THAT_WAIT)


class SourceGone(Exception):
    """The run whose transcript was to be judged again was deleted meanwhile. Its argument is the run's id."""


class NotInterrupted(Exception):
    """Only an interrupted run can be resumed. Its text names what the run is instead."""


def run_create(*, project: Project, kind: str, request: RunRequest) -> EvalRun:
    """Store a pending run with frozen snapshots, and ring for a worker once that is committed. Raises SourceGone and BudgetSpent."""
    return runs_create(project=project, kind=kind, request=request)[0]


def runs_create(*, project: Project, kind: str, request: RunRequest, repeats: int = 1) -> list[EvalRun]:
    """The same run `repeats` times, all or none; repeats share a `scenario_id`. Raises SourceGone and BudgetSpent."""
    together = uuid.uuid4() if repeats > 1 else None
    runs = [_pending(project, kind, request, together) for _ in range(repeats)]
    messages = [message for run in runs for message in _transcript(run, request)]
    with transaction.atomic():
        admit(project)
        EvalRun.objects.bulk_create(runs, batch_size=100)
        Message.objects.bulk_create(messages, batch_size=500)
        transaction.on_commit(ring, robust=True)  # the runs are there whatever the queue says; the sweep rings again
        # After the commit, so that no run waits for the row of a template.
        transaction.on_commit(partial(templates_used, [row for row in (request.template, request.adaptation_template) if row]), robust=True)
    return runs


def _pending(project: Project, kind: str, request: RunRequest, together: uuid.UUID | None) -> EvalRun:
    run = EvalRun(
        project=project,
        kind=kind,
        agent_id=request.agent.pk,
        agent_name=request.agent.name,
        template=request.template,
        adaptation_template=request.adaptation_template,
        source_run=request.source_run,
        scenario_id=together,
        max_cost_usd=request.max_cost_usd or _limit(request.simulation_config),
        judge_model=request.judge_model if request.template else "",
        adaptation_judge_model=request.judge_model if request.adaptation_template else "",
        user_id=request.user_id,
        user_persona=dict(request.user_persona),
        simulation_config=dict(request.simulation_config),
        simulation_state=dict(request.simulation_state),
        agent_snapshot=_agent_snapshot(request),
        template_snapshot=request.rubric("quality"),
        adaptation_template_snapshot=request.rubric("adaptation"),
    )
    _fill_plan(run, request)
    return run


def _limit(config: Mapping[str, Any]) -> Decimal | None:
    """What the API says beside the other limits; 0 stands for none there. Exact to the places that are stored."""
    given = config.get("max_cost_usd")
    return Decimal(str(given)).quantize(Decimal("0.0001"), ROUND_UP) if isinstance(given, int | float) and given > 0 else None


def _agent_snapshot(request: RunRequest) -> dict[str, Any]:
    if request.source_run:
        return dict(request.source_run.agent_snapshot)
    frozen = request.agent.snapshot()
    frozen["character"] = merge_character(frozen["character"], request.config_override)
    model = request.model or request.config_override.get("model")
    return {**frozen, "model": model} if model else frozen


def _fill_plan(run: EvalRun, request: RunRequest) -> None:
    if run.kind in (Kind.SIMULATE, Kind.RUN_EVAL):
        plans = plan_sessions(request.sessions, request.simulation_config)
        run.sessions = [plan.as_json() for plan in plans]
        run.planned_turns = planned_turns(plans)
    elif request.source_run:
        source = request.source_run
        run.sessions, run.user_persona, run.simulation_config = source.sessions, source.user_persona, source.simulation_config
        run.simulation_state, run.simulated_minutes = source.simulation_state, source.simulated_minutes
        run.agent_model, run.user_model, run.uses_demo = source.agent_model, source.user_model, source.uses_demo


def _transcript(run: EvalRun, request: RunRequest) -> list[Message]:
    """The messages of a run that simulates nothing, pasted or copied from the run that is judged again, counted in the run."""
    messages = _copies(run, request.source_run) if request.source_run else _messages(run, request.messages)
    if messages:
        run.total_turns = run.planned_turns = sum(message.role == "user" for message in messages)
        run.total_sessions = len({message.session_index for message in messages})
    return messages


def _copies(run: EvalRun, source: EvalRun) -> list[Message]:
    messages = list(source.messages.order_by("index"))
    if not messages:
        raise SourceGone(source.pk)
    for message in messages:
        message.pk, message.run = None, run
        message._state.adding = True
    return messages


def _messages(run: EvalRun, given: Sequence[Mapping[str, Any]]) -> list[Message]:
    """Rows of a pasted transcript. A turn begins with a user message; its number counts within the session."""
    rows: list[Message] = []
    session, turn = -1, 0
    for index, item in enumerate(given):
        if item.get("session_index", 0) != session:
            session, turn = item.get("session_index", 0), -1
        turn += item["role"] == "user"
        rows.append(
            Message(
                run=run,
                index=index,
                session_index=session,
                turn_index=max(turn, 0),
                role=item["role"],
                content=item.get("content") or "",
                name=item.get("name") or "",
                tool_calls=item.get("tool_calls") or [],
                tool_call_id=item.get("tool_call_id") or "",
            )
        )
    return rows


@transaction.atomic
def run_cancel(*, run_id: uuid.UUID, project: Project) -> EvalRun:
    """End a run at once that waits or whose worker is silent; ask the worker of a running one to stop.

    A final run stays what it is. Raises EvalRun.DoesNotExist.
    """
    run = EvalRun.objects.select_for_update().of(project).get(pk=run_id)
    if run.status == Status.PENDING:
        ends.cancel(run, "Cancelled while it waited for a worker." if run.started_at else "Cancelled before it started.")
    elif run.is_active and _is_silent(run):
        ends.cancel(run, "Cancelled. Its worker had gone silent; what was done is kept.")
    elif run.is_active and run.cancel_requested_at is None:
        run.cancel_requested_at = timezone.now()
        run.save(update_fields=["cancel_requested_at", "updated_at"])
    return run


def _is_silent(run: EvalRun) -> bool:
    """Whether no worker would hear what the run is told. While the clock is in doubt none counts as silent."""
    at = CLOCK.now()
    return CLOCK.believed and EvalRun.objects.silent(at).filter(pk=run.pk).exists()


@transaction.atomic
def run_resume(*, run_id: uuid.UUID, project: Project) -> EvalRun:
    """Let an interrupted run wait for a worker again, which goes on after its last turn or judgement with a fresh count of attempts.

    Raises NotInterrupted and EvalRun.DoesNotExist.
    """
    run = EvalRun.objects.select_for_update().of(project).get(pk=run_id)
    if run.status != Status.INTERRUPTED:
        raise NotInterrupted(f"The run is {run.status}: only an interrupted run can be resumed.")
    _forget_the_end(run)
    if run.batch_id:
        ends.trials_go_on([run.pk])
        if not reopen(run.batch_id):
            raise NotInterrupted("The batch of this run is over, or being summarized. Run the batch again instead.")
    log.append(run, [Retrying(message="The run was resumed by hand. It goes on after what is done.")])
    transaction.on_commit(ring, robust=True)
    return run


def _forget_the_end(run: EvalRun) -> None:
    """Back to waiting. A wish to stop belonged to the life that ended."""
    untold = {"error_code": "", "error_reason": "", "completed_at": None, "cancel_requested_at": None}
    ends.columns_save(run, {"status": Status.PENDING, "attempt": 0, **untold, **ends.FREE})


def run_delete(*, run_id: uuid.UUID, project: Project) -> None:
    """Remove a run and all that belongs to it; one that is not over is cancelled first. Raises EvalRun.DoesNotExist.

    Waits up to some seconds: for a worker to abort its call, and for those who watch to read the last event. Where many wait already
    it takes the run from its worker at once. Runs that judged this one's transcript again keep their copy of it.
    """
    run = run_cancel(run_id=run_id, project=project)
    if _waiting.acquire(blocking=False):
        try:
            time.sleep(_reading_time(_stopped(run, project)))
        finally:
            _waiting.release()
    else:
        run_stop(run_id, project)
    run_remove(run_id, project)


def _stopped(run: EvalRun, project: Project) -> EvalRun:
    """The run when its worker has stopped, or when it was taken from a worker that did not stop in time."""
    deadline = time.monotonic() + STOP_SECONDS
    while is_driven(run) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        run.refresh_from_db(fields=["status", "lease_expires_at", "completed_at"])
    return run_stop(run.pk, project) if run.is_active else run


def is_driven(run: EvalRun) -> bool:
    """Whether some worker holds the run and lives: a silent one will not hear that it should stop."""
    return run.is_active and run.lease_expires_at is not None and run.lease_expires_at > timezone.now()


@transaction.atomic
def run_stop(run_id: uuid.UUID, project: Project) -> EvalRun:
    """Take the run from its worker."""
    run = EvalRun.objects.select_for_update().of(project).get(pk=run_id)
    if run.is_active:
        ends.cancel(run, "Cancelled, since it is being deleted.")
    return run


def _reading_time(run: EvalRun) -> float:
    """Seconds for open streams and pages to read the end of a run that ended just now."""
    ended = run.completed_at or run.created_at
    return min(max(LAST_WORDS_SECONDS - (timezone.now() - ended).total_seconds(), 0), LAST_WORDS_SECONDS)


@transaction.atomic
def run_remove(run_id: uuid.UUID, project: Project) -> None:
    # The row lock comes first: a worker's late commit then waits for it, finds no row, and writes nothing (its fence is that row).
    run = EvalRun.objects.select_for_update().of(project).get(pk=run_id)
    run.delete()
    log.announce([run_id])  # streams that are still open learn that nothing more will come


def ring() -> None:
    """Wake a worker. One unanswered ring is enough for any number of waiting runs, so a second one is not queued (decision 1)."""
    if not OrmQ.objects.filter(lock__lte=timezone.now()).exists():
        # No time limit of the queue's: it would cut a long conversation in the middle of a call. A drain bounds itself.
        async_task("runs.tasks.drain", save=False, timeout=-1)


def ring_if_waiting() -> None:
    """Wake a worker when some run waits for one: after a drain's time is up, and by the sweep when a ring was lost."""
    if EvalRun.objects.claimable().exists() or Batch.objects.in_need().exists():
        ring()


def queue_depth() -> int:
    """How many rings no worker has answered. More than a few means that no worker takes them."""
    return int(OrmQ.objects.filter(lock__lte=timezone.now()).count())
