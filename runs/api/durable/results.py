"""What came of API tasks and custom evals: the newest runs, one run, and why runs fail."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Project
from runs.api.durable.endpoint import DurableEndpoint, Op, told
from runs.api.durable.naming import key_or_404, missing, when
from runs.api.durable.parsing import Loc, wrong
from runs.api.durable.report import markdown
from runs.api.durable.shapes.common import PublicCompany, PublicListMeta
from runs.api.durable.shapes.diagnosis import (
    DiagnoseEvalRunsRequest,
    DiagnoseEvalRunsResponse,
    DiagnosisSummary,
    FailureAnalysisSnapshot,
    FailurePatternSnapshot,
)
from runs.api.durable.shapes.results import (
    EvalRunDetail,
    EvalRunResponse,
    EvalRunsListResponse,
    EvalRunSource,
    EvalRunSummary,
    PublicEndpoint,
    RunsQuery,
)
from runs.batches.diagnosis import Counted, Diagnosis, Pattern, diagnose
from runs.batches.results import Result, Whole, company_of, newest_results, result_get
from runs.batches.since import since_read
from runs.models import Trial


class Runs(DurableEndpoint):
    """GET /v1/api-performance/runs"""

    ops = {"GET": Op(id="api_performance_runs_list", summary="The newest runs.", query=RunsQuery, answer=EvalRunsListResponse)}

    def get(self, request: Request) -> Response:
        since = _moment(self.asked.since, ["query", "since"]) if self.asked.since is not None else None
        data = [EvalRunSummary(**summary_keys(each)) for each in newest_results(project=self.project, size=self.asked.limit, since=since)]
        meta = PublicListMeta(limit=self.asked.limit, count=len(data))
        return told(EvalRunsListResponse(company=company(self.project), data=data, meta=meta))


class Run(DurableEndpoint):
    """GET /v1/api-performance/runs/{run_id}"""

    ops = {"GET": Op(id="api_performance_runs_retrieve", summary="One run with what was said and done.", answer=EvalRunResponse)}

    def get(self, request: Request, run_id: str) -> Response:
        key = key_or_404(run_id, "Run")
        try:
            return told(EvalRunResponse(data=detail(result_get(project=self.project, run_id=key))))
        except Trial.DoesNotExist:
            raise missing("Run") from None


class Diagnose(DurableEndpoint):
    """POST /v1/api-performance/diagnose, which changes nothing."""

    ops = {
        "POST": Op(id="api_performance_diagnose", summary="Why runs fail.", body=DiagnoseEvalRunsRequest, answer=DiagnoseEvalRunsResponse)
    }

    def post(self, request: Request) -> Response:
        sent: DiagnoseEvalRunsRequest = self.sent
        since = _moment(sent.since, ["body", "since"])
        found = diagnose(project=self.project, since=since, examples=sent.max_examples if sent.include_examples else 0)
        whose = company(self.project)
        return told(
            DiagnoseEvalRunsResponse(
                company=whose,
                since=since.isoformat(),
                summary=_summary(found),
                failure_analysis=_analysis(found),
                examples=[detail(each) for each in found.examples],
                markdown=markdown(found, whose.name, since) if sent.format != "json" else None,
            )
        )


def _moment(text: str, loc: Loc) -> Any:
    try:
        return since_read(text, timezone.now())
    except ValueError as error:
        raise wrong(loc, str(error)) from None


def company(project: Project) -> PublicCompany:
    """Whose figures these are."""
    name, domain = company_of(project)
    return PublicCompany(name=name, domain=domain)


def summary_keys(result: Result) -> dict[str, Any]:
    """What a list and a detail of a run have in common."""
    trial = result.trial
    return {
        "id": str(trial.pk),
        "endpoint": _endpoint(result),
        "source": _source(result),
        "eval_type": trial.eval_type or None,
        "model": trial.model,
        "model_type": trial.target_type,
        "platform": trial.platform,
        "passed": trial.passed,
        "score": trial.score,
        "failure_reasons": trial.failure_reasons,
        "latency_ms": trial.latency_ms,
        "run_at": when(trial.finished_at or trial.created_at),
    }


def _endpoint(result: Result) -> PublicEndpoint:
    trial = result.trial
    path = result.endpoint.get("path")
    return PublicEndpoint(
        id=str(trial.ref),
        method=result.endpoint.get("method") or None,
        path=path,
        description=result.endpoint.get("description") or (None if path else trial.label),
        category={"id": str(trial.group_id) if trial.group_id else None, "name": trial.group} if trial.group else None,
    )


def _source(result: Result) -> EvalRunSource | None:
    if result.trial.source_id is None:
        return None
    source = result.source
    metadata = {"api_base_url": source.api_base_url, "docs_url": source.docs_url} if source else {}
    return EvalRunSource(
        id=str(result.trial.source_id),
        type=result.trial.source_type,
        label=source.label if source else None,
        metadata={key: value for key, value in metadata.items() if value},
    )


def detail(whole: Whole) -> EvalRunDetail:
    """A run with its lines and what was executed. `raw` has the checks and the exchange, as they were stored: secrets are masked there."""
    details = whole.result.trial.details
    execution = details.get("execution") or {}
    return EvalRunDetail(
        **summary_keys(whole.result),
        prompt_sent=whole.said("user"),
        response_text=whole.said("assistant"),
        execution_stdout=execution.get("stdout"),
        execution_stderr=execution.get("stderr"),
        exit_code=execution.get("exit_code"),
        tool_calls=[call for line in whole.lines for call in line.tool_calls or []] or None,
        raw={"status": whole.run.status, "error": whole.run.error_reason or None, **details},
    )


def _summary(found: Diagnosis) -> DiagnosisSummary:
    return DiagnosisSummary(
        total_runs=found.total,
        failed_runs=found.failed,
        passed_runs=found.passed,
        failure_rate=found.failure_rate,
        top_failed_endpoints=[_of_endpoint(each) for each in found.endpoints],
        top_failed_models=[{"model": each.label, "platform": each.platform, "count": each.count} for each in found.models],
        top_failure_reasons=_reasons(found),
    )


def _analysis(found: Diagnosis) -> FailureAnalysisSnapshot:
    return FailureAnalysisSnapshot(
        total_runs=found.total,
        failed_runs=found.failed,
        failure_rate=found.failure_rate,
        patterns=[_pattern(each) for each in found.patterns],
        top_failure_reasons=_reasons(found),
        endpoints_by_failure_count=[_of_endpoint(each) for each in found.endpoints],
    )


def _of_endpoint(counted: Counted) -> dict[str, Any]:
    return {"id": counted.id, "label": counted.label, "count": counted.count}


def _reasons(found: Diagnosis) -> list[dict[str, Any]]:
    return [{"reason": each.reason, "label": each.label, "count": each.count} for each in found.patterns[:10]]


def _pattern(pattern: Pattern) -> FailurePatternSnapshot:
    return FailurePatternSnapshot(
        pattern=pattern.reason,
        label=pattern.label,
        description=pattern.description,
        count=pattern.count,
        percentage=round(100 * pattern.share, 1),
        severity=pattern.severity,
        example_reasons=list(pattern.said),
        affected_endpoints=[_of_endpoint(each) for each in pattern.endpoints],
        affected_models=list(pattern.models),
        run_ids=[str(key) for key in pattern.run_ids],
    )
