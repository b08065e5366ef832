"""Starting a durable eval run, and how far it is."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from runs.api.durable.shapes.base import Sent, Told

RunType = Literal["prompts", "api_performance"]
SourceName = Literal["rest_api", "sdk", "cli", "custom_evals"]
TargetName = Literal["text", "agent"]


class RunKind(Sent):
    """What says which of the two requests it is."""

    type: RunType


class PublicPromptEvalRunTarget(Sent):
    """Who is asked the prompts."""

    target_kind: Literal["answer_engine", "coding_agent"]
    execution_platform: str
    prompt_platform_id: str
    model_id: str
    prompt_topic_id: str | None = None
    enabled: bool = True


class PublicPromptEvalRunRequest(Sent):
    """Prompts x targets."""

    type: Literal["prompts"]
    prompt_ids: list[str] | None = Field(None, description="Prompt IDs to run. Omit to run all active prompts.")
    targets: list[PublicPromptEvalRunTarget] | None = Field(None, description="Omit to use the configured targets.")
    force: bool = Field(False, description="Run again what has already run today (UTC).")


class PublicApiPerformanceEvalRunTarget(Sent):
    """A model, or a coding agent."""

    target_type: TargetName
    execution_platform: str
    model_id: str
    enabled: bool = True


class PublicApiPerformanceEvalRunRequest(Sent):
    """Operations, or custom evals, x targets x environment profiles."""

    older: ClassVar = {"integration_id": "source_id", "endpoint_ids": "operation_ids", "endpoint_paths": "operation_paths"}

    type: Literal["api_performance"]
    source_type: SourceName
    source_id: str | None = Field(None, description="Left out where operation_ids, eval_ids or source_type leave no choice.")
    models: list[str] | None = Field(None, description="Legacy flat model selection. Prefer targets.")
    targets: list[PublicApiPerformanceEvalRunTarget] | None = Field(None, description="Omit to use the configured targets.")
    categories: list[str] | None = None
    operation_ids: list[str] | None = None
    operation_paths: list[str] | None = Field(None, description="METHOD:path, such as GET:/v1/items.")
    eval_ids: list[str] | None = None
    custom_eval_ids: list[str] | None = Field(None, description="Used only when source_type is custom_evals.")
    eval_types: list[str] | None = None
    env_profile_ids: list[str] | None = None
    eval_overrides: dict[str, dict[str, Any]] | None = None


class PublicEvalRunProgress(Told):
    """Children by state. `percent` is finished / total, 0 to 100."""

    total: int = 0
    queued: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    interrupted: int = 0
    percent: float = 0


class PublicEvalRunResponse(Told):
    """A durable eval run. `summary` and `actual_cost` (US dollars) are this server's, beyond the contract."""

    id: str
    job_id: str
    type: RunType
    source_type: Literal["prompts", "rest_api", "sdk", "cli", "custom_evals"]
    status: Literal["pending", "running", "summarizing", "completed", "failed", "cancelled", "interrupted"]
    stage: str | None = None
    dispatch_id: str | None = None
    progress: PublicEvalRunProgress = Field(default_factory=PublicEvalRunProgress)
    estimated_cost: float | None = None
    eval_count: int | None = None
    model_count: int | None = None
    error: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    summary: dict[str, Any] | None = None
    actual_cost: float | None = None
