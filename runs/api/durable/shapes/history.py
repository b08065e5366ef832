"""What came of the custom evals."""

from typing import Annotated, Any, Literal

from pydantic import Field

from runs.api.durable.shapes.base import Asked, Told

ResultFilter = Literal["all", "passed", "failed"]
SortBy = Literal["time", "use_case", "target", "result", "score", "tool_calls", "latency"]
SortDir = Literal["asc", "desc"]
LAST_PLACE = 2**31 - 1


class HistoryQuery(Asked):
    """Which runs of custom evals, and in which order."""

    custom_eval_id: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 25
    offset: Annotated[int, Field(ge=0, le=LAST_PLACE)] = 0
    search: Annotated[str, Field(max_length=200)] | None = None
    result_filter: ResultFilter = "all"
    target_key: str | None = None
    category_id: str | None = None
    sort_by: SortBy = "time"
    sort_dir: SortDir = "desc"


class PublicCustomEvalHistoryCategory(Told):
    """The heading over a custom eval."""

    id: str
    name: str
    slug: str
    sort_order: int = 0


class PublicCustomEvalHistoryEndpoint(Told):
    """The custom eval, as it was when it ran."""

    id: str
    prompt: str | None = None
    description: str | None = None
    category: PublicCustomEvalHistoryCategory | None = None


class PublicCustomEvalHistoryRun(Told):
    """One run of one custom eval against one target."""

    id: str
    endpoint: PublicCustomEvalHistoryEndpoint
    target_key: str | None = None
    eval_type: str | None = None
    prompt_sent: str | None = None
    model: str | None = None
    model_type: str | None = None
    platform: str | None = None
    passed: bool
    score: float | None = None
    latency_ms: int | None = None
    tool_call_count: int
    error_message: str | None = None
    is_infra_error: bool = False
    run_at: str
    harness_label: str | None = None
    model_label: str | None = None
    run_context_sent: dict[str, Any] = Field(default_factory=dict)


class PublicCustomEvalHistoryFilterOption(Told):
    """Something to filter by, and how many runs it has."""

    value: str
    label: str
    count: int


class PublicCustomEvalHistoryFacets(Told):
    """What there is to filter by."""

    targets: list[PublicCustomEvalHistoryFilterOption] = Field(default_factory=list)
    categories: list[PublicCustomEvalHistoryFilterOption] = Field(default_factory=list)


class PublicCustomEvalHistoryResponse(Told):
    """A page of the history. Runs that ended without a result (a provider was away, a worker died) are left out."""

    runs: list[PublicCustomEvalHistoryRun]
    total: int
    limit: int
    offset: int
    hide_infra_errors: bool = True
    facets: PublicCustomEvalHistoryFacets = Field(default_factory=PublicCustomEvalHistoryFacets)
