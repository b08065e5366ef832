"""Writes asked for by people of many runs at once: cancel, judge again, delete. Each says what became of them in one sentence.

One run at a time in a transaction of its own, so that what it stops at is left whole. Only the waits are shared.
"""

import time
import uuid
from collections import Counter
from collections.abc import Sequence

from evalhub.accounts.models import Project
from runs import services
from runs.models import EvalRun
from runs.services import Kind, RunRequest, SourceGone
from templates_app.models import EvalTemplate

MOST_RUNS = 200
MOST_COPIED = 20_000  # messages that one request copies: what a run is judged by again is its own


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
    """Remove the runs; those that are not over are cancelled first, and all workers are waited for together, for some seconds."""
    there = [run_id for run_id in run_ids if _cancelled(run_id, project) != "gone"]
    _wait_for_workers(there)
    deleted = 0
    for run_id in there:
        try:
            services.run_remove(run_id=run_id, project=project)
            deleted += 1
        except EvalRun.DoesNotExist:
            continue  # somebody else was quicker
    return _sentence([(deleted, "deleted", "deleted"), (len(run_ids) - deleted, "was already gone", "were already gone")])


def _wait_for_workers(run_ids: Sequence[uuid.UUID]) -> None:
    """Until no live worker holds any of them, but for STOP_SECONDS at most."""
    deadline = time.monotonic() + services.STOP_SECONDS
    while time.monotonic() < deadline and any(map(services.is_driven, _active(run_ids))):
        time.sleep(services.POLL_SECONDS)


def _active(run_ids: Sequence[uuid.UUID]) -> list[EvalRun]:
    held = EvalRun.objects.filter(pk__in=run_ids, lease_expires_at__isnull=False)
    return list(held.only("status", "lease_expires_at"))


def runs_rejudge(*, run_ids: Sequence[uuid.UUID], project: Project, template: EvalTemplate) -> str:
    """A new run for each that is over and says something, judged by the template. Its agent must still be there."""
    sources = EvalRun.objects.of(project).in_bulk(list(run_ids))
    counts: Counter[str] = Counter(gone=len(run_ids) - len(sources))
    copied = 0
    for run_id in run_ids:
        source = sources.get(run_id)
        if source is None:
            continue
        became = "too many" if copied > MOST_COPIED else _rejudged(source, project, template)
        counts[became] += 1
        copied += source.messages.count() if became == "again" else 0
    return _sentence(
        [
            (counts["again"], "is judged again", "are judged again"),
            (counts["active"], "is not over", "are not over"),
            (counts["silent"], "has no transcript", "have no transcript"),
            (counts["agent"], "was left out, since its agent was deleted", "were left out, since their agents were deleted"),
            (counts["too many"], "was left out, since the transcripts are long; select it again", "were left out, since the transcripts are long; select them again"),
            (counts["gone"], "was already gone", "were already gone"),
        ]
    )


def _rejudged(source: EvalRun, project: Project, template: EvalTemplate) -> str:
    agent = source.agent if not source.is_active and _agent_is_there(source) else None
    if source.is_active:
        return "active"
    if agent is None:
        return "agent"
    try:
        services.run_create(
            project=project, kind=Kind.EVAL_ONLY, request=RunRequest(agent=agent, template=template, source_run=source)
        )
    except SourceGone:
        return "silent"
    return "again"


def _sentence(parts: Sequence[tuple[int, str, str]]) -> str:
    """`12 deleted, 1 was already gone.`"""
    said = [f"{count} {one if count == 1 else many}" for count, one, many in parts if count]
    return f"{', '.join(said) or 'Nothing was selected'}."
