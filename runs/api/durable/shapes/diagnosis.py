"""Why runs fail."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from runs.api.durable.shapes.base import Sent, Told
from runs.api.durable.shapes.common import PublicCompany
from runs.api.durable.shapes.results import EvalRunDetail


def _whole(value: Any) -> Any:
    """5.0 is a whole number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class DiagnoseEvalRunsRequest(Sent):
    """Which runs are looked at, and how the report is told."""

    since: str = Field("20d", description="Lookback window, such as 20d, 72h, or an ISO timestamp.")
    format: Literal["json", "markdown", "md"] = "json"
    include_examples: bool = True
    max_examples: Annotated[int, Field(ge=1, le=50), BeforeValidator(_whole)] = 10


class DiagnosisSummary(Told):
    """All runs of the window. `failure_rate` is failed / (failed + passed), 0 to 1."""

    total_runs: int = 0
    failed_runs: int = 0
    passed_runs: int = 0
    failure_rate: float | None = None
    top_failed_endpoints: list[dict[str, Any]] = Field(default_factory=list)
    top_failed_models: list[dict[str, Any]] = Field(default_factory=list)
    top_failure_reasons: list[dict[str, Any]] = Field(default_factory=list)


class FailurePatternSnapshot(Told):
    """Failures with one reason. `percentage` is of all failures, 0 to 100."""

    pattern: str
    label: str
    description: str | None = None
    count: int
    percentage: float | None = None
    severity: str | None = None
    example_reasons: list[str] = Field(default_factory=list)
    affected_endpoints: list[dict[str, Any]] = Field(default_factory=list)
    affected_models: list[str] = Field(default_factory=list)
    run_ids: list[str] = Field(default_factory=list)


class FailureAnalysisSnapshot(Told):
    """The failures by reason, the most frequent first."""

    total_runs: int = 0
    failed_runs: int = 0
    failure_rate: float | None = None
    patterns: list[FailurePatternSnapshot] = Field(default_factory=list)
    top_failure_reasons: list[dict[str, Any]] = Field(default_factory=list)
    endpoints_by_failure_count: list[dict[str, Any]] = Field(default_factory=list)


class DiagnoseEvalRunsResponse(Told):
    """The report. `since` is the moment from which on runs were looked at."""

    company: PublicCompany
    since: str
    summary: DiagnosisSummary
    failure_analysis: FailureAnalysisSnapshot
    examples: list[EvalRunDetail] = Field(default_factory=list)
    markdown: str | None = None
