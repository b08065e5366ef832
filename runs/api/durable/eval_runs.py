"""Durable eval runs: start one, see how far it is, and list its children."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.endpoint import DurableEndpoint, Op, Scope, told
from runs.api.durable.naming import missing, when
from runs.api.durable.parsing import read_body
from runs.api.durable.refusals import refusals
from runs.api.durable.shapes.base import Sent
from runs.api.durable.shapes.eval_runs import (
    PublicApiPerformanceEvalRunRequest,
    PublicEvalRunProgress,
    PublicEvalRunResponse,
    PublicPromptEvalRunRequest,
    RunKind,
)
from runs.batches.progress import batch_progress, stage
from runs.batches.request import ApiRequest, PromptsRequest, TargetSpec
from runs.batches.services import batch_create
from runs.models import Batch
from runs.models.batch import read_id, shown_id

NOT_FOUND = "Eval run"
Requests = (PublicPromptEvalRunRequest, PublicApiPerformanceEvalRunRequest)


class EvalRuns(DurableEndpoint):
    """POST /v1/eval-runs"""

    ops = {
        "POST": Op(
            id="eval_runs_create",
            summary="Start a durable eval run.",
            scope=Scope.RUN,
            body=Requests,
            answer=PublicEvalRunResponse,
            refusals={400: "There is nothing to run.", 403: "The key lacks the scope, or the budget is spent.", 404: "An id is unknown."},
        )
    }

    def read(self, shape: Any, request: Request) -> Sent:
        """The kind of request says which of the two shapes it has."""
        kind = read_body(RunKind, request).type
        return read_body(Requests[0] if kind == "prompts" else Requests[1], request)

    def post(self, request: Request) -> Response:
        asked = prompts_request(self.sent) if isinstance(self.sent, PublicPromptEvalRunRequest) else api_request(self.sent)
        with refusals(self.sent, dict(request.data)):
            batch = batch_create(project=self.project, request=asked, trigger=Batch.Trigger.API)
        return told(shown(batch))


class EvalRun(DurableEndpoint):
    """GET /v1/eval-runs/{eval_run_id}"""

    ops = {"GET": Op(id="eval_runs_retrieve", summary="How far a durable eval run is.", answer=PublicEvalRunResponse)}

    def get(self, request: Request, eval_run_id: str) -> Response:
        return told(shown(self.batch(eval_run_id)))

    def batch(self, named: str) -> Batch:
        """Raises a 404 Problem."""
        key = read_id("eval_run", named)
        try:
            if key:
                return Batch.objects.of(self.project).defer("cells", "request", "brands").get(pk=key)
        except Batch.DoesNotExist:
            pass
        raise missing(NOT_FOUND)


def prompts_request(sent: PublicPromptEvalRunRequest) -> PromptsRequest:
    targets = (
        None
        if sent.targets is None
        else [
            TargetSpec(
                target_type="agent" if each.target_kind == "coding_agent" else "text",
                execution_platform=each.execution_platform,
                model_id=each.model_id,
                prompt_platform_id=each.prompt_platform_id,
                prompt_topic_id=each.prompt_topic_id,
                enabled=each.enabled,
            )
            for each in sent.targets
        ]
    )
    return PromptsRequest(prompt_ids=sent.prompt_ids, targets=targets, force=sent.force)


def api_request(sent: PublicApiPerformanceEvalRunRequest) -> ApiRequest:
    fields = sent.given()
    targets = fields.pop("targets", None)
    fields.pop("type")
    return ApiRequest(targets=None if targets is None else [TargetSpec(**each.model_dump()) for each in targets], **fields)


def shown(batch: Batch) -> PublicEvalRunResponse:
    """One query, which counts the children."""
    return PublicEvalRunResponse(
        id=shown_id("eval_run", batch.pk),
        job_id=shown_id("job", batch.pk),
        type=batch.type,
        source_type=batch.source_type,
        status=batch.status,
        stage=stage(batch),
        dispatch_id=shown_id("dispatch", batch.pk),
        progress=PublicEvalRunProgress(**batch_progress(batch.pk).as_json()),
        estimated_cost=None if batch.estimated_cost_usd is None else float(batch.estimated_cost_usd),
        eval_count=batch.eval_count,
        model_count=batch.model_count,
        error=batch.error_reason or None,
        created_at=when(batch.created_at),
        started_at=when(batch.started_at),
        completed_at=when(batch.completed_at),
        summary=batch.summary or None,
        actual_cost=_actual_cost(batch),
    )


def _actual_cost(batch: Batch) -> float | None:
    """US dollars, once the batch is summarized; None before, and where some call has no known price: a sum without it would be too low."""
    overall = batch.summary.get("overall") or {}
    return None if overall.get("unpriced_calls") else overall.get("cost_usd")
