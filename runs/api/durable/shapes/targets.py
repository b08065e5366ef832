"""Who can be asked to use an API, and who is by default."""

from typing import Any, Literal

from pydantic import Field

from runs.api.durable.shapes.base import Sent, Told
from runs.api.durable.shapes.eval_runs import TargetName

FrequencyName = Literal["daily", "every_other_day", "weekly", "manual"]


class PublicApiPerformanceTargetSpec(Told):
    """A target as requests name it."""

    target_type: TargetName
    execution_platform: str
    model_id: str


class PublicApiPerformanceTextModel(Told):
    """A model that answers in text. Costs are US dollars; of a model in `meta.unpriced` they are unknown, and 0 here."""

    id: str
    label: str
    platform: str
    cost_per_1m_input: float
    cost_per_1m_output: float
    target: PublicApiPerformanceTargetSpec


class PublicApiPerformanceCodingAgentModel(Told):
    """A model that a coding agent can be told to use."""

    id: str
    label: str
    target: PublicApiPerformanceTargetSpec


class PublicApiPerformanceCodingAgent(Told):
    """A coding agent that works in the sandbox."""

    id: str
    label: str
    platform: str
    cost_estimate_per_eval: float
    default_model_id: str | None = None
    target: PublicApiPerformanceTargetSpec | None = None
    models: list[PublicApiPerformanceCodingAgentModel] = Field(default_factory=list)


class PublicApiPerformanceTargetsResponse(Told):
    """All that can be asked. `meta.unpriced` has the ids whose price is unknown."""

    text_models: list[PublicApiPerformanceTextModel]
    coding_agents: list[PublicApiPerformanceCodingAgent]
    frequencies: list[FrequencyName]
    meta: dict[str, Any] = Field(default_factory=dict)


class PublicApiEvalTarget(Told):
    """A configured target."""

    id: str | None = None
    source_id: str | None = None
    target_type: TargetName
    execution_platform: str
    model_id: str
    frequency: FrequencyName = "daily"
    enabled: bool = True
    next_run_at: str | None = None
    last_run_at: str | None = None
    last_skipped_at: str | None = None
    skip_reason: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ConfiguredTarget(Sent):
    """A target to configure. What only the server knows may come along, as it was read, and is passed over."""

    id: str | None = None
    source_id: str | None = None
    target_type: TargetName
    execution_platform: str
    model_id: str
    frequency: FrequencyName = "daily"
    enabled: bool = True
    next_run_at: str | None = None
    last_run_at: str | None = None
    last_skipped_at: str | None = None
    skip_reason: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
