"""How operations and custom evals are asked and judged."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from runs.api.durable.shapes.base import Asked, Sent, Told

DocsName = Literal["default", "include", "exclude"]
SkillsName = Literal["none", "all", "selected"]


class EvalsQuery(Asked):
    """Which definitions."""

    older: ClassVar = {"integration_id": "source_id"}

    source_id: str | None = None
    enabled: bool | None = None


class PublicApiPerformanceSourceRef(Told):
    """A source, by name."""

    id: str
    type: str | None = None
    label: str | None = None


class PublicEvalDefinition(Told):
    """How one operation or custom eval is asked. This server has no skills, servers of tools or starting projects: those keys say none."""

    id: str
    operation_id: str
    source_id: str | None = None
    source: PublicApiPerformanceSourceRef | None = None
    eval_type: str
    prompt: str | None = None
    custom_prompt: str | None = None
    expected_behavior: str | None = None
    starting_project_id: str | None = None
    docs_mode: DocsName = "default"
    include_env_vars: bool = True
    env_profile_ids: list[str] = Field(default_factory=list)
    model_ids: list[str] = Field(default_factory=list)
    compare_skills: bool = False
    skills_mode: SkillsName = "none"
    skills_enabled: bool = False
    skill_ids: list[str] = Field(default_factory=list)
    mcp_enabled: bool = False
    run_context: dict[str, Any] = Field(default_factory=dict)
    enabled: bool = True


class PublicEvalDefinitionsResponse(Told):
    """All that match."""

    data: list[PublicEvalDefinition]
    meta: dict[str, Any] = Field(default_factory=dict)


class PublicEvalDefinitionUpdate(Sent):
    """What changes of a definition. An empty list takes the selection away."""

    custom_prompt: str | None = None
    expected_behavior: str | None = None
    starting_project_id: str | None = None
    docs_mode: DocsName | None = None
    include_env_vars: bool | None = None
    env_profile_ids: list[str] | None = None
    model_ids: list[str] | None = None
    compare_skills: bool | None = None
    skills_mode: SkillsName | None = None
    skill_ids: list[str] | None = None
    mcp_enabled: bool | None = None
    run_context: dict[str, Any] | None = None
    enabled: bool | None = None


class PublicCustomEval(Told):
    """A task of the project's own."""

    id: str
    prompt: str
    prompt_template: str | None = None
    description: str | None = None
    competitor: str | None = None
    prompt_competitor: str | None = None
    prompt_competitor_group: str | None = None
    category: dict[str, Any] | None = None
    eval: PublicEvalDefinition | None = None
    created_at: str | None = None
    updated_at: str | None = None


class PublicCustomEvalsResponse(Told):
    """All of them, newest first."""

    data: list[PublicCustomEval]
    meta: dict[str, Any] = Field(default_factory=dict)


class PublicCustomEvalUpdateRequest(Sent):
    """What changes of a custom eval."""

    prompt: str | None = None
    prompt_template: str | None = None
    category_name: str | None = None
    description: str | None = None
    competitor: str | None = None
    prompt_competitor_group: str | None = None
    eval: PublicEvalDefinitionUpdate | None = None


class PublicCustomEvalRequest(PublicCustomEvalUpdateRequest):
    """A custom eval to be."""

    prompt: str
