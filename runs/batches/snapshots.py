"""What a batch freezes, key by key: written by `choosing`, read by whoever asks, executes, judges or shows a child. All of it is JSON.

A child finds its parts so: `trial.subject.snapshot` is a PromptSnapshot, TaskSnapshot or CustomSnapshot (by `source_type`);
`batch.targets[trial.target_index]`, `batch.profiles[trial.profile_index]`, `batch.brands`, `batch.source_snapshot`. Read batches with
`.defer("cells", "request")`: those may be megabytes. Secrets are nowhere in here.
"""

from typing import Any, Literal, TypedDict


class HarnessSnapshot(TypedDict):
    """A coding agent. `argv` is empty for a built-in one, whose command line `agents.harnesses` knows by name."""

    name: str
    label: str
    built_in: bool
    argv: str
    environment_names: list[str]
    allowed_hosts: list[str]
    timeout_seconds: int
    cost_usd: str | None


class TargetSnapshot(TypedDict):
    """Whom a child asks. `model` is provider/model as `agents.clients` takes it, "" for a coding agent; `harness` is null for a model."""

    target_type: Literal["text", "agent"]
    execution_platform: str
    platform: str  # the prompt platform of prompts, else the execution platform
    model_id: str
    label: str
    key: str  # runs.models.batch.target_key
    model: str
    harness: HarnessSnapshot | None
    topic_id: str | None  # asked only prompts of this topic
    is_demo: bool


class ProfileSnapshot(TypedDict):
    """An environment without its values: they are read from the EnvProfile when they are used. `base_url` goes before the source's."""

    id: str
    key: str
    name: str
    base_url: str
    variable_names: list[str]
    allowed_hosts: list[str]


class BrandSnapshot(TypedDict):
    """A name that is looked for in answers. The first own one is the company."""

    id: str
    name: str
    aliases: list[str]
    domain: str
    is_own: bool


class SourceSnapshot(TypedDict):
    """The API, library or tool that a batch is about, once a batch; {} for prompts and custom evals."""

    id: str
    source_type: str
    label: str
    base_url: str
    docs_url: str
    docs: str
    command: str


class CompanySnapshot(TypedDict):
    """Whose evals these are: the first own brand, else the project's name and no domain."""

    name: str
    domain: str


class PromptSnapshot(TypedDict):
    """A prompt. `template` is templates_app.snapshot's, {} where nobody judges; `judge_model` is resolved, "" where nobody judges."""

    source_type: Literal["prompts"]
    ref: str
    text: str
    topic_id: str
    topic: str
    template: dict[str, Any]
    judge_model: str
    company: CompanySnapshot


class DefinitionSnapshot(TypedDict):
    """How a task is asked and judged: the definition's fields with the request's overrides; defaults where there is no definition."""

    id: str | None
    eval_type: str
    custom_prompt: str
    expected_behavior: str
    docs_mode: Literal["default", "include", "exclude"]
    include_env_vars: bool
    run_context: dict[str, Any]
    pass_score: float


class OperationSnapshot(TypedDict):
    """An operation. `snapshot` is what templates_app.openapi reads of the document; `method` is empty for a library or tool."""

    id: str
    method: str
    path: str
    operation_key: str
    summary: str
    description: str
    category: str
    snapshot: dict[str, Any]


class TaskSnapshot(TypedDict):
    """An operation that is to be used. `judge_model` is provider/model, "" where no behaviour is expected so that nobody judges."""

    source_type: Literal["rest_api", "sdk", "cli"]
    ref: str
    operation: OperationSnapshot
    definition: DefinitionSnapshot
    judge_model: str
    company: CompanySnapshot


class CustomSnapshot(TypedDict):
    """A task of the project's own. It is always judged; without `expected_behavior`, by whether the task is done."""

    source_type: Literal["custom_evals"]
    ref: str
    prompt: str
    description: str
    category_id: str | None
    category: str
    competitor: BrandSnapshot | None
    definition: DefinitionSnapshot
    judge_model: str
    company: CompanySnapshot


SubjectSnapshot = PromptSnapshot | TaskSnapshot | CustomSnapshot


def agent_snapshot(target: TargetSnapshot) -> dict[str, Any]:
    """What a child's run keeps as its agent, with the keys that every run's has: kind "target", of no Agent."""
    return {
        "agent_id": "",
        "name": target["label"],
        "kind": "target",
        "model": target["model"] or target["model_id"],
        "character": {},
        "endpoint_url": "",
        "reply_path": "",
        "timeout_seconds": 0,
        "target": dict(target),
    }
