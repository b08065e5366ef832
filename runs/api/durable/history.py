"""The history of the custom evals."""

import uuid

from django.utils.text import slugify
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.endpoint import DurableEndpoint, Op, told
from runs.api.durable.naming import key_or_404, missing
from runs.api.durable.shapes.history import (
    HistoryQuery,
    PublicCustomEvalHistoryCategory,
    PublicCustomEvalHistoryEndpoint,
    PublicCustomEvalHistoryFacets,
    PublicCustomEvalHistoryFilterOption,
    PublicCustomEvalHistoryResponse,
    PublicCustomEvalHistoryRun,
)
from runs.batches.history import Facet, Page, Row, Wanted, custom_eval_known, history_page
from runs.batches.results import why


class CustomEvalHistory(DurableEndpoint):
    """GET /v1/api-performance/custom-evals/history"""

    ops = {
        "GET": Op(
            id="api_performance_custom_evals_history_list",
            summary="What came of the custom evals, a page at a time.",
            query=HistoryQuery,
            answer=PublicCustomEvalHistoryResponse,
            refusals={404: "There is no such custom eval, and there was none."},
        )
    }

    def get(self, request: Request) -> Response:
        asked: HistoryQuery = self.asked
        page = history_page(project=self.project, wanted=self._wanted(asked))
        return told(
            PublicCustomEvalHistoryResponse(
                runs=[_run(row) for row in page.rows], total=page.total, limit=asked.limit, offset=asked.offset, facets=_facets(page)
            )
        )

    def _wanted(self, asked: HistoryQuery) -> Wanted:
        return Wanted(
            custom_eval_id=self._custom_eval(asked.custom_eval_id) if asked.custom_eval_id else None,
            limit=asked.limit,
            offset=asked.offset,
            search=asked.search or "",
            result=asked.result_filter,
            target_key=asked.target_key or "",
            category_id=key_or_404(asked.category_id, "Category") if asked.category_id else None,
            sort_by=asked.sort_by,
            descending=asked.sort_dir == "desc",
        )

    def _custom_eval(self, named: str) -> uuid.UUID:
        key = key_or_404(named, "Custom eval")
        if not custom_eval_known(project=self.project, key=key):
            raise missing("Custom eval")
        return key


def _run(row: Row) -> PublicCustomEvalHistoryRun:
    trial = row.trial
    harness = row.target.get("harness") or {}
    return PublicCustomEvalHistoryRun(
        id=str(trial.pk),
        endpoint=_endpoint(row),
        target_key=trial.target_key,
        eval_type=trial.eval_type or None,
        prompt_sent=row.prompt_sent,
        model=trial.model,
        model_type=trial.target_type,
        platform=trial.platform,
        passed=bool(trial.passed),
        score=trial.score,
        latency_ms=trial.latency_ms,
        tool_call_count=trial.tool_calls,
        error_message=None if trial.passed else why(trial),
        run_at=(trial.finished_at or trial.created_at).isoformat(),
        harness_label=harness.get("label"),
        model_label=trial.model,
        run_context_sent=(row.snapshot.get("definition") or {}).get("run_context") or {},
    )


def _endpoint(row: Row) -> PublicCustomEvalHistoryEndpoint:
    return PublicCustomEvalHistoryEndpoint(
        id=str(row.trial.ref),
        prompt=row.snapshot.get("prompt") or row.trial.label,
        description=row.snapshot.get("description") or None,
        category=_category(row),
    )


def _category(row: Row) -> PublicCustomEvalHistoryCategory | None:
    """As it is now; one that was deleted, as the run remembers it."""
    if row.trial.group_id is None:
        return None
    key, now = str(row.trial.group_id), row.category
    if now is None:
        return PublicCustomEvalHistoryCategory(id=key, name=row.trial.group, slug=slugify(row.trial.group))
    return PublicCustomEvalHistoryCategory(id=key, name=now.name, slug=now.slug, sort_order=now.position)


def _facets(page: Page) -> PublicCustomEvalHistoryFacets:
    return PublicCustomEvalHistoryFacets(targets=list(map(_option, page.targets)), categories=list(map(_option, page.categories)))


def _option(facet: Facet) -> PublicCustomEvalHistoryFilterOption:
    return PublicCustomEvalHistoryFilterOption(value=facet.value, label=facet.label, count=facet.count)
