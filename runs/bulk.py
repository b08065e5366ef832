"""Writes asked for by people of many runs at once: cancel, judge again, delete. Each says what became of them in one sentence.

One run at a time in a transaction of its own, so that what it stops at is left whole. Only the waits are shared.
"""

import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence

from agents.models import Agent
from evalhub.accounts.models import Project
from runs import services
from runs.budget import BudgetSpent
from runs.models import EvalRun
from runs.services import Kind, RunRequest, SourceGone
from templates_app.models import EvalTemplate

MOST_RUNS = 200
MOST_COPIED = 20_000  # messages that one request copies: a run that judges again has its own
AGAIN, LONG = "again", "long"
REJUDGED = (
    (AGAIN, "is judged again", "are judged again"),
    ("active", "is not over", "are not over"),
    ("silent", "has no transcript", "have no transcript"),
    ("agent", "has no agent any more", "have no agent any more"),
    (
        LONG,
        "was left out, since the transcripts are long: select it again",
        "were left out, since the transcripts are long: select them again",
    ),
    ("budget", "was left out, since the project's budget is spent", "were left out, since the project's budget is spent"),
    ("gone", "was already gone", "were already gone"),
)


def runs_cancel(*, run_ids: Sequence[uuid.UUID], project: Project) -> str:
    """Cancel those that are not over."""
    counts: Counter[str] = Counter()
    for run_id in run_ids:
        counts[_cancelled(run_id, project)] += 1
    return _sentence(
        [
            (counts["cancelled"], "cancelled", "cancelled"),
            (counts["stopping"], "asked to stop", "asked to stop"),
            (counts["over"], "was over already", "were over already"),
            (counts["gone"], "was already gone", "were already gone"),
        ]
    )


def _cancelled(run_id: uuid.UUID, project: Project) -> str:
    before = EvalRun.objects.of(project).filter(pk=run_id).only("status").first()
    if before is None:
        return "gone"
    if before.is_final:
        return "over"
    try:
        return "stopping" if services.run_cancel(run_id=run_id, project=project).is_active else "cancelled"
    except EvalRun.DoesNotExist:
        return "gone"


def runs_delete(*, run_ids: Sequence[uuid.UUID], project: Project) -> str:
    """Remove the runs; those that are not over are cancelled first, and all their workers are waited for together, for some seconds."""
    before = [_cancelled(run_id, project) for run_id in run_ids]
    if "stopping" in before:
        _wait_for_workers(run_ids)
    if "stopping" in before or "cancelled" in before:
        time.sleep(services.LAST_WORDS_SECONDS)  # for open pages to read the end
    deleted = sum(_deleted(run_id, project) for run_id, was in zip(run_ids, before, strict=True) if was != "gone")
    return _sentence([(deleted, "deleted", "deleted"), (len(run_ids) - deleted, "was already gone", "were already gone")])


def _wait_for_workers(run_ids: Sequence[uuid.UUID]) -> None:
    """Until no live worker holds any of them, but for STOP_SECONDS at most."""
    deadline = time.monotonic() + services.STOP_SECONDS
    held = EvalRun.objects.filter(pk__in=run_ids, lease_expires_at__isnull=False).only("status", "lease_expires_at")
    while time.monotonic() < deadline and any(map(services.is_driven, held.all())):
        time.sleep(services.POLL_SECONDS)


def _deleted(run_id: uuid.UUID, project: Project) -> bool:
    """Whether it was there to be deleted; it is taken from a worker that did not stop."""
    try:
        services.run_stop(run_id, project)
        services.run_remove(run_id, project)
    except EvalRun.DoesNotExist:
        return False
    return True


def runs_rejudge(*, run_ids: Sequence[uuid.UUID], project: Project, template: EvalTemplate) -> str:
    """A new run for each that is over and says something, judged by the template. Its agent must still be there."""
    sources = EvalRun.objects.of(project).select_related(None).in_bulk(list(run_ids))
    agents = Agent.objects.filter(project=project).in_bulk({source.agent_id for source in sources.values() if source.agent_id})
    counts: Counter[str] = Counter(gone=len(run_ids) - len(sources))
    copied = 0
    for source in sources.values():
        agent = _speaker(source, agents)
        became = LONG if copied > MOST_COPIED else _rejudged(source, agent, template)
        counts[became] += 1
        copied += source.messages.count() if became == AGAIN else 0
    return _sentence([(counts[became], one, many) for became, one, many in REJUDGED])


def _speaker(source: EvalRun, agents: Mapping[uuid.UUID, Agent]) -> Agent | None:
    """Whose words are judged. A child of a batch was answered by a target, which is no agent: its name is all that is needed."""
    if source.kind == EvalRun.Kind.TRIAL:
        return Agent(id=None, name=source.agent_name)
    return agents.get(source.agent_id) if source.agent_id else None


def _rejudged(source: EvalRun, agent: Agent | None, template: EvalTemplate) -> str:
    if source.is_active:
        return "active"
    if agent is None:
        return "agent"
    request = RunRequest(agent=agent, template=template, source_run=source)
    try:
        services.run_create(project=source.project, kind=Kind.EVAL_ONLY, request=request)
    except SourceGone:
        return "silent"
    except BudgetSpent:
        return "budget"
    return AGAIN


def _sentence(parts: Sequence[tuple[int, str, str]]) -> str:
    """`12 deleted, 1 was already gone.`"""
    said = [f"{count} {one if count == 1 else many}" for count, one, many in parts if count]
    return f"{', '.join(said) or 'Nothing was selected'}."
