"""Sources, their environments, and what runs by default."""

from typing import Any, ClassVar

from pydantic import Field

from runs.api.durable.shapes.base import Asked, Sent, Told
from runs.api.durable.shapes.targets import ConfiguredTarget, PublicApiEvalTarget


class SourcesQuery(Asked):
    """`include_system` changes nothing: this server has no sources but the project's own."""

    include_system: bool = False


class ConfigQuery(Asked):
    """Of which source."""

    older: ClassVar = {"integration_id": "source_id"}

    source_id: str | None = None


class PublicEvalEnvProfileSummary(Told):
    """An environment. The values of its variables cannot be read."""

    id: str
    name: str
    env_var_keys: list[str] = Field(default_factory=list)


class PublicEvalEnvProfileRequest(Sent):
    """An environment to set. Without `env_vars` one that is there keeps its values."""

    id: str
    name: str
    env_vars: dict[str, str] = Field(default_factory=dict)


class PublicApiPerformanceSourceMetadata(Told):
    """What is known of a source."""

    api_base_url: str | None = None
    docs_url: str | None = None
    default_env_profile_id: str | None = None
    env_var_keys: list[str] = Field(default_factory=list)
    env_profiles: list[PublicEvalEnvProfileSummary] = Field(default_factory=list)
    models: list[str] = Field(default_factory=list)
    eval_types: list[str] = Field(default_factory=list)


class PublicApiPerformanceSource(Told):
    """An API, library or tool."""

    id: str
    type: str
    label: str
    metadata: PublicApiPerformanceSourceMetadata = Field(default_factory=PublicApiPerformanceSourceMetadata)
    targets: list[PublicApiEvalTarget] = Field(default_factory=list)
    operation_count: int = 0
    created_at: str | None = None


class PublicApiPerformanceSourcesResponse(Told):
    """The project's sources."""

    data: list[PublicApiPerformanceSource]
    meta: dict[str, Any] = Field(default_factory=dict)


class PublicEvalConfigResponse(Told):
    """What runs of a source, and of the custom evals, where a request names nothing."""

    models: list[str]
    targets: list[PublicApiEvalTarget] = Field(default_factory=list)
    operation_ids: list[str]
    custom_eval_ids: list[str] = Field(default_factory=list)
    env_var_keys: list[str] = Field(default_factory=list)
    env_profiles: list[PublicEvalEnvProfileSummary] = Field(default_factory=list)
    default_env_profile_id: str | None = None
    source_id: str | None = None
    api_base_url: str | None = None
    can_configure_per_model_schedules: bool = False


class PublicEvalConfigUpdateRequest(Sent):
    """What changes of it. A list replaces the one that is there."""

    older: ClassVar = {"integration_id": "source_id", "endpoint_ids": "operation_ids"}

    models: list[str] | None = Field(None, description="Legacy flat model selection. Prefer targets.")
    targets: list[ConfiguredTarget] | None = None
    operation_ids: list[str] | None = None
    custom_eval_ids: list[str] | None = None
    env_vars: dict[str, str] | None = None
    env_profiles: list[PublicEvalEnvProfileRequest] | None = None
    default_env_profile_id: str | None = None
    source_id: str | None = None
    api_base_url: str | None = None
