"""Rows of durable eval runs for tests, as `factories` has them of everything else: a batch, its frozen subjects, and its trials."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Project
from runs.models import Batch, BatchSubject, EvalRun, Trial
from runs.models.target import target_key
from runs.states import FINAL, Status
from templates_app.models import SourceType

MODELS = ("demo/agent", "openai/gpt-4.1-mini", "anthropic/claude-haiku-4-5", "codex/gpt-5")


def frozen_target(name: str = "openai/gpt-4.1-mini", *, target_type: str = "text") -> dict[str, Any]:
    """One of `Batch.targets`, as runs.batches.snapshots says: a model, or a coding agent that is built in."""
    platform, model = name.split("/", 1)
    harness = {"name": platform, "label": platform, "built_in": True, "argv": "", "timeout_seconds": 600, "cost_usd": None}
    return {
        "target_type": target_type,
        "execution_platform": platform,
        "platform": platform,
        "model_id": model,
        "label": name,
        "key": target_key(target_type, platform, model),
        "model": name if target_type == "text" else "",
        "harness": None if target_type == "text" else harness | {"environment_names": [], "allowed_hosts": []},
        "topic_id": None,
        "is_demo": platform == "demo",
    }


def frozen_profile(name: str = "Staging") -> dict[str, Any]:
    """One of `Batch.profiles`."""
    key = name.lower()
    where = {"id": str(uuid.uuid4()), "key": key, "name": name, "base_url": f"https://{key}.example"}
    return where | {"variable_names": ["API_TOKEN"], "allowed_hosts": []}


def frozen_subject(source_type: str, label: str, expected: str = "") -> dict[str, Any]:
    """A snapshot of BatchSubject."""
    whose = {"company": {"name": "Acme", "domain": "acme.example"}, "source_type": source_type, "ref": str(uuid.uuid4()), "judge_model": ""}
    definition = {"id": None, "eval_type": source_type, "custom_prompt": "", "expected_behavior": expected, "docs_mode": "default"}
    definition |= {"include_env_vars": True, "run_context": {}, "pass_score": 70.0}
    if source_type == SourceType.PROMPTS:
        return whose | {"text": label, "topic_id": str(uuid.uuid4()), "topic": "Reading", "template": {}}
    if source_type == SourceType.CUSTOM_EVALS:
        own = {"prompt": label, "description": "", "category_id": None, "category": "", "competitor": None}
        return whose | own | {"definition": definition}
    method, _, path = label.partition(" ")
    operation = {"id": whose["ref"], "method": method, "path": path, "operation_key": "", "summary": "", "description": "", "category": ""}
    return whose | {"operation": operation | {"snapshot": {}}, "definition": definition}


def batch(
    *,
    project: Project,
    subjects: Sequence[str] = ("GET /pets", "POST /pets"),
    targets: Sequence[str] = MODELS[:2],
    profiles: Sequence[str] = (),
    source_type: str = SourceType.REST_API,
    **columns: Any,
) -> Batch:
    """A completed batch of all subjects by all targets (by all profiles), without any trial yet."""
    places = [(s, t, p) for s in range(len(subjects)) for t in range(len(targets)) for p in (range(len(profiles)) if profiles else (None,))]
    values: dict[str, Any] = {
        "source_type": source_type,
        "source_label": "Pet store" if source_type in (SourceType.REST_API, SourceType.SDK, SourceType.CLI) else "",
        "status": Status.COMPLETED,
        "targets": [frozen_target(name) for name in targets],
        "profiles": [frozen_profile(name) for name in profiles],
        "cells": [list(place) for place in places],
        "total": len(places),
        "eval_count": len(subjects),
        "model_count": len(targets),
        "started_at": timezone.now(),
    }
    values |= columns
    if values["status"] in FINAL:
        values.setdefault("completed_at", timezone.now())
        values.setdefault("dispatched", len(places))
    made = Batch.objects.create(project=project, **values)
    groups = {name: uuid.uuid4() for name in ("Reading", "Writing")}
    BatchSubject.objects.bulk_create(
        [
            BatchSubject(
                batch=made,
                index=index,
                ref=uuid.uuid4(),
                label=label,
                group=group,
                group_id=groups[group],
                eval_type=source_type,
                snapshot=frozen_subject(source_type, label),
            )
            for index, label in enumerate(subjects)
            for group in ("Writing" if "POST" in label else "Reading",)
        ]
    )
    return made


def _child(batch: Batch, label: str, status: str, **columns: Any) -> EvalRun:
    """The run of a cell, as far as a status brings it."""
    return EvalRun.objects.create(
        project=batch.project,
        batch=batch,
        kind=EvalRun.Kind.TRIAL,
        agent_name=label,
        agent_model=label,
        status=status,
        started_at=None if status == Status.PENDING else timezone.now(),
        completed_at=timezone.now() if status in FINAL else None,
        **columns,
    )


def trial(
    *,
    batch: Batch,
    subject: int = 0,
    target: int = 0,
    profile: int | None = None,
    passed: bool | None = True,
    reasons: Sequence[str] = (),
    status: str = Status.COMPLETED,
    cost: str = "0.0020",
    score: float | None = None,
    latency_ms: int | None = 800,
    details: Mapping[str, Any] | None = None,
    finished_at: datetime | None = None,
    run: Mapping[str, Any] | None = None,
) -> Trial:
    """The child of one cell, with its run. `run` are more columns of the run."""
    asked, whom = batch.subjects.get(index=subject), batch.targets[target]
    is_over = status in FINAL
    child = _child(batch, whom["label"], status, score=score, simulation_cost_usd=Decimal(cost), **(run or {}))
    decided = passed if is_over else None
    return Trial.objects.create(
        run=child,
        project=batch.project,
        batch=batch,
        position=batch.cells.index([subject, target, profile]),
        subject=asked,
        subject_index=subject,
        target_index=target,
        profile_index=profile,
        source_type=batch.source_type,
        source_id=batch.source_id,
        ref=asked.ref,
        label=asked.label,
        group_id=asked.group_id,
        group=asked.group,
        eval_type=asked.eval_type,
        target_type=whom["target_type"],
        target_key=whom["key"],
        platform=whom["platform"],
        model=whom["model_id"],
        passed=decided,
        score=score,
        failure_reasons=list(reasons),
        first_reason=reasons[0] if reasons else "",
        latency_ms=latency_ms if is_over else None,
        details=dict(details or {}),
        finished_at=(finished_at or timezone.now()) if is_over else None,
    )


def finished_batch(*, project: Project, **columns: Any) -> Batch:
    """Every cell has a child: the first target passes all, the others fail every second subject."""
    made = batch(project=project, **columns)
    for position, (subject, target, profile) in enumerate(made.cells):
        fails = bool(target) and subject % 2 == 1
        trial(
            batch=made,
            subject=subject,
            target=target,
            profile=profile,
            passed=not fails,
            score=20.0 if fails else 90.0,
            reasons=["wrong_path", "missing_parameter"] if fails else (),
            latency_ms=400 + 100 * position,
        )
    Batch.objects.filter(pk=made.pk).update(dispatched=made.total)
    made.refresh_from_db()
    return made
