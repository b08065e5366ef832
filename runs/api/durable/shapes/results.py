"""Runs of API tasks: what came of each."""

from typing import Annotated, Any

from pydantic import Field

from runs.api.durable.shapes.base import Asked, Told
from runs.api.durable.shapes.common import PublicCompany, PublicListMeta


class RunsQuery(Asked):
    """How far back (20d, 72h, an ISO time), and how many."""

    since: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 20


class PublicEndpoint(Told):
    """The operation or custom eval that a run was about."""

    id: str
    method: str | None = None
    path: str | None = None
    description: str | None = None
    category: dict[str, Any] | None = None


class EvalRunSource(Told):
    """The API, library or tool."""

    id: str
    type: str | None = None
    label: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)


class EvalRunSummary(Told):
    """A run in a list."""

    id: str
    endpoint: PublicEndpoint | None = None
    source: EvalRunSource | None = None
    eval_type: str | None = None
    model: str | None = None
    model_type: str | None = None
    platform: str | None = None
    passed: bool | None = None
    score: float | None = None
    failure_reasons: list[str] | None = None
    latency_ms: int | None = None
    run_at: str | None = None


class EvalRunDetail(EvalRunSummary):
    """A run with what was said and done."""

    prompt_sent: str | None = None
    response_text: str | None = None
    execution_stdout: str | None = None
    execution_stderr: str | None = None
    exit_code: int | None = None
    tool_calls: list[dict[str, Any]] | None = None
    raw: dict[str, Any] | None = None


class EvalRunResponse(Told):
    """One run."""

    data: EvalRunDetail


class EvalRunsListResponse(Told):
    """The newest runs."""

    company: PublicCompany
    data: list[EvalRunSummary]
    meta: PublicListMeta
