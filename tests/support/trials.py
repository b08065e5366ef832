"""Batches and their children for engine tests, as a dispatch would leave them: frozen subjects, targets and pending runs."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.accounts.models import Project
from runs.batches.snapshots import DefinitionSnapshot, HarnessSnapshot, TargetSnapshot, agent_snapshot
from runs.models import Batch, BatchSubject, EvalRun, Trial
from runs.models.target import target_key
from templates_app.models import EnvProfile, SourceType
from tests.support.runs import project_make

COMPANY = {"name": "Acme", "domain": "acme.test"}
ACME = {"id": str(uuid.UUID(int=1)), "name": "Acme", "aliases": ["Acme Cloud"], "domain": "acme.test", "is_own": True}
RIVAL = {"id": str(uuid.UUID(int=2)), "name": "Globex", "aliases": [], "domain": "globex.test", "is_own": False}


def target(model: str = "openai/gpt-4o-mini", *, harness: HarnessSnapshot | None = None) -> TargetSnapshot:
    """provider/model, or with a harness its name and a model."""
    platform, _, model_id = model.partition("/")
    kind: Any = "agent" if harness else "text"
    return {
        "target_type": kind,
        "execution_platform": platform,
        "platform": platform,
        "model_id": model_id,
        "label": model,
        "key": target_key(kind, platform, model_id),
        "model": "" if harness else model,
        "harness": harness,
        "topic_id": None,
        "is_demo": platform == "demo",
    }


def definition(**given: Any) -> DefinitionSnapshot:
    made: dict[str, Any] = {
        "id": None,
        "eval_type": "",
        "custom_prompt": "",
        "expected_behavior": "",
        "docs_mode": "default",
        "include_env_vars": True,
        "run_context": {},
        "pass_score": 70.0,
    }
    return made | given  # type: ignore[return-value]


def prompt_subject(text: str = "Which cloud is best?", **given: Any) -> dict[str, Any]:
    made = {
        "source_type": SourceType.PROMPTS,
        "ref": str(uuid.uuid4()),
        "text": text,
        "topic_id": str(uuid.uuid4()),
        "topic": "Clouds",
        "template": {},
        "judge_model": "",
        "company": COMPANY,
    }
    return made | given


def custom_subject(prompt: str = "Write a greeting.", *, judge_model: str = "openai/judge", **asked: Any) -> dict[str, Any]:
    return {
        "source_type": SourceType.CUSTOM_EVALS,
        "ref": str(uuid.uuid4()),
        "prompt": prompt,
        "description": "",
        "category_id": None,
        "category": "",
        "competitor": None,
        "definition": definition(**asked),
        "judge_model": judge_model,
        "company": COMPANY,
    }


def task_subject(
    kind: str = SourceType.SDK, *, operation: Mapping[str, Any] | None = None, judge_model: str = "", **asked: Any
) -> dict[str, Any]:
    """An operation of a source. `operation` is what templates_app.openapi reads of it; a library's has none of that."""
    said = operation or {}
    return {
        "source_type": kind,
        "ref": str(uuid.uuid4()),
        "operation": {
            "id": str(uuid.uuid4()),
            "method": said.get("method", ""),
            "path": said.get("path", "items.create"),
            "operation_key": said.get("operation_id", ""),
            "summary": said.get("summary", "Make an item."),
            "description": said.get("description", ""),
            "category": "",
            "snapshot": dict(said),
        },
        "definition": definition(**asked),
        "judge_model": judge_model,
        "company": COMPANY,
    }


def source(kind: str = SourceType.SDK, **given: Any) -> dict[str, Any]:
    made = {"id": str(uuid.uuid4()), "source_type": kind, "label": "Widgets", "base_url": "", "docs_url": "", "docs": "", "command": ""}
    return made | given


def profile(project: Project, base_url: str = "", *, allowed_hosts: Sequence[str] = (), **variables: str) -> dict[str, Any]:
    """A stored environment profile with these variables, as a batch freezes it."""
    row = EnvProfile(
        project=project, key=f"env-{uuid.uuid4().hex[:8]}", name="Staging", base_url=base_url, allowed_hosts=list(allowed_hosts)
    )
    row.set_variables(variables)
    row.save()
    return {
        "id": str(row.pk),
        "key": row.key,
        "name": row.name,
        "base_url": base_url,
        "variable_names": row.variable_names,
        "allowed_hosts": list(allowed_hosts),
    }


def harness(argv: str, **given: Any) -> HarnessSnapshot:
    made: dict[str, Any] = {
        "name": "fake-agent",
        "label": "Fake",
        "built_in": False,
        "argv": argv,
        "environment_names": [],
        "allowed_hosts": [],
        "timeout_seconds": 60,
        "cost_usd": None,
    }
    return made | given  # type: ignore[return-value]


def batch_make(
    subjects: Sequence[Mapping[str, Any]],
    targets: Sequence[TargetSnapshot],
    *,
    project: Project | None = None,
    profiles: Sequence[Mapping[str, Any]] = (),
    **columns: Any,
) -> Batch:
    """A dispatched batch: one pending child a subject, target and profile, in that order."""
    project = project or project_make()
    batch = Batch.objects.create(
        project=project,
        source_type=subjects[0]["source_type"],
        targets=[dict(each) for each in targets],
        profiles=[dict(each) for each in profiles],
        **({"brands": [ACME, RIVAL], "status": "running"} | columns),
    )
    for index, subject in enumerate(subjects):
        kept = BatchSubject.objects.create(
            batch=batch, index=index, ref=subject["ref"], label="A subject", group_id=subject.get("topic_id"), snapshot=dict(subject)
        )
        for number, each in enumerate(targets):
            for profile in range(len(profiles)) or [None]:
                _child(batch, kept, each, number, profile)
    batch.total = batch.dispatched = Trial.objects.filter(batch=batch).count()
    batch.save(update_fields=["total", "dispatched"])
    return batch


def _child(batch: Batch, subject: BatchSubject, asked: TargetSnapshot, number: int, profile: int | None) -> None:
    run = EvalRun.objects.create(
        project=batch.project,
        kind=EvalRun.Kind.TRIAL,
        batch=batch,
        agent_name=asked["label"],
        agent_snapshot=agent_snapshot(asked),
        planned_turns=1,
    )
    Trial.objects.create(
        run=run,
        project=batch.project,
        batch=batch,
        position=Trial.objects.filter(batch=batch).count(),
        subject=subject,
        subject_index=subject.index,
        target_index=number,
        profile_index=profile,
        source_type=batch.source_type,
        ref=subject.ref,
        label=subject.label,
        group_id=subject.group_id,
        target_type=asked["target_type"],
        target_key=asked["key"],
        platform=asked["platform"],
        model=asked["model_id"],
    )
