"""Eval definitions of operations, and custom evals: list, create, change, remove."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.endpoint import DurableEndpoint, Op, Scope, told
from runs.api.durable.naming import key_or_404, missing, when
from runs.api.durable.parsing import Loc, refusal
from runs.api.durable.shapes.definitions import (
    EvalsQuery,
    PublicApiPerformanceSourceRef,
    PublicCustomEval,
    PublicCustomEvalRequest,
    PublicCustomEvalsResponse,
    PublicCustomEvalUpdateRequest,
    PublicEvalDefinition,
    PublicEvalDefinitionsResponse,
    PublicEvalDefinitionUpdate,
)
from runs.batches.definitions import NOT_HERE, not_here
from templates_app.customs.selectors import custom_eval_get, custom_eval_list
from templates_app.customs.services import custom_eval_create, custom_eval_delete, custom_eval_update
from templates_app.models import ApiSource, CustomEval, EvalDefinition
from templates_app.sources.definitions import definition_get, definition_list, definition_update

EVAL, CUSTOM, SOURCE = "Eval", "Custom eval", "Source"
# The services' names of what the contract calls otherwise.
COLUMNS = {"prompt_competitor_group": "group"}


class Evals(DurableEndpoint):
    """GET /v1/api-performance/evals"""

    ops = {
        "GET": Op(
            id="api_performance_evals_list",
            summary="The eval definitions of all operations, or of one source.",
            query=EvalsQuery,
            answer=PublicEvalDefinitionsResponse,
            refusals={404: "There is no such source."},
        )
    }

    def get(self, request: Request) -> Response:
        source = key_or_404(self.asked.source_id, SOURCE) if self.asked.source_id is not None else None
        if source and not ApiSource.objects.filter(project=self.project, pk=source).exists():
            raise missing(SOURCE)
        data = [shown(row) for row in definition_list(project=self.project, source_id=source, enabled=self.asked.enabled)]
        return told(PublicEvalDefinitionsResponse(data=data, meta={"count": len(data)}))


class Eval(DurableEndpoint):
    """GET and PATCH /v1/api-performance/evals/{eval_id}"""

    ops = {
        "GET": Op(id="api_performance_evals_retrieve", summary="One eval definition.", answer=PublicEvalDefinition),
        "PATCH": Op(
            id="api_performance_evals_update",
            summary="Change an eval definition.",
            scope=Scope.WRITE,
            body=PublicEvalDefinitionUpdate,
            answer=PublicEvalDefinition,
        ),
    }

    def get(self, request: Request, eval_id: str) -> Response:
        with not_found():
            return told(shown(definition_get(project=self.project, definition_id=key_or_404(eval_id, EVAL))))

    def patch(self, request: Request, eval_id: str) -> Response:
        columns = definition_columns(self.sent, [])
        with not_found():
            return told(shown(definition_update(definition_id=key_or_404(eval_id, EVAL), project=self.project, **columns)))


class CustomEvals(DurableEndpoint):
    """GET and POST /v1/api-performance/custom-evals"""

    ops = {
        "GET": Op(
            id="api_performance_custom_evals_list", summary="The project's custom evals, newest first.", answer=PublicCustomEvalsResponse
        ),
        "POST": Op(
            id="api_performance_custom_evals_create",
            summary="Create a custom eval.",
            scope=Scope.WRITE,
            body=PublicCustomEvalRequest,
            answer=PublicCustomEval,
        ),
    }

    def get(self, request: Request) -> Response:
        data = [shown_custom(row) for row in custom_eval_list(project=self.project)]
        return told(PublicCustomEvalsResponse(data=data, meta={"count": len(data)}))

    def post(self, request: Request) -> Response:
        with not_found():
            made = custom_eval_create(project=self.project, **_columns(self.sent))
        return told(shown_custom(custom_eval_get(project=self.project, custom_eval_id=made.pk)))


class OneCustomEval(DurableEndpoint):
    """GET, PATCH and DELETE /v1/api-performance/custom-evals/{custom_eval_id}"""

    ops = {
        "GET": Op(id="api_performance_custom_evals_retrieve", summary="One custom eval.", answer=PublicCustomEval),
        "PATCH": Op(
            id="api_performance_custom_evals_update",
            summary="Change a custom eval.",
            scope=Scope.WRITE,
            body=PublicCustomEvalUpdateRequest,
            answer=PublicCustomEval,
        ),
        "DELETE": Op(
            id="api_performance_custom_evals_delete",
            summary="Remove a custom eval, and answer with what it was; its history stays.",
            scope=Scope.WRITE,
            answer=PublicCustomEval,
        ),
    }

    def get(self, request: Request, custom_eval_id: str) -> Response:
        return told(self._shown(custom_eval_id))

    def patch(self, request: Request, custom_eval_id: str) -> Response:
        with not_found():
            custom_eval_update(custom_eval_id=key_or_404(custom_eval_id, CUSTOM), project=self.project, **_columns(self.sent))
        return told(self._shown(custom_eval_id))

    def delete(self, request: Request, custom_eval_id: str) -> Response:
        was = self._shown(custom_eval_id)
        with not_found():
            custom_eval_delete(custom_eval_id=key_or_404(custom_eval_id, CUSTOM), project=self.project)
        return told(was)

    def _shown(self, custom_eval_id: str) -> PublicCustomEval:
        with not_found():
            return shown_custom(custom_eval_get(project=self.project, custom_eval_id=key_or_404(custom_eval_id, CUSTOM)))


@contextmanager
def not_found() -> Iterator[None]:
    """What the services raise, as a 404 Problem."""
    try:
        yield
    except EvalDefinition.DoesNotExist:
        raise missing(EVAL) from None
    except CustomEval.DoesNotExist:
        raise missing(CUSTOM) from None


def _columns(sent: PublicCustomEvalUpdateRequest) -> dict[str, Any]:
    """What the services take. Raises a 422 Problem for what this server does not have."""
    given = sent.given()
    inner = given.pop("eval", None)
    columns = {COLUMNS.get(name, name): value for name, value in given.items()}
    return {**columns, "definition": definition_columns(inner, ["eval"])} if inner else columns


def definition_columns(sent: PublicEvalDefinitionUpdate, inside: Loc) -> dict[str, Any]:
    """The same for the fields of a definition, which stand in `inside` of the body."""
    given = sent.given()
    wishes = [
        {"loc": ["body", *inside, name], "message": wrong, "code": "not_supported"}
        for name, value in given.items()
        if (wrong := not_here(name, value))
    ]
    if wishes:
        raise refusal(wishes)
    return {name: value for name, value in given.items() if name not in NOT_HERE}


def shown(row: EvalDefinition) -> PublicEvalDefinition:
    """Its operation with source, or its custom eval, must come along."""
    operation, custom = row.operation, row.custom_eval
    source = operation.source if operation else None
    return PublicEvalDefinition(
        id=str(row.pk),
        operation_id=str(row.operation_id or row.custom_eval_id),
        source_id=str(source.pk) if source else None,
        source=PublicApiPerformanceSourceRef(id=str(source.pk), type=source.source_type, label=source.label) if source else None,
        eval_type=row.eval_type,
        prompt=row.custom_prompt or (custom.prompt if custom else None),
        custom_prompt=row.custom_prompt or None,
        expected_behavior=row.expected_behavior or None,
        docs_mode=row.docs_mode,
        include_env_vars=row.include_env_vars,
        env_profile_ids=row.env_profile_keys,
        model_ids=row.model_ids,
        run_context=row.run_context,
        enabled=row.enabled,
    )


def shown_custom(row: CustomEval) -> PublicCustomEval:
    """`competitor` is the id that requests take, `prompt_competitor` its name."""
    category, definition = row.category, getattr(row, "definition", None)
    return PublicCustomEval(
        id=str(row.pk),
        prompt=row.prompt,
        prompt_template=row.prompt_template or None,
        description=row.description or None,
        competitor=str(row.competitor_id) if row.competitor_id else None,
        prompt_competitor=row.competitor.name if row.competitor else None,
        prompt_competitor_group=str(row.group_id) if row.group_id else None,
        category={"id": str(category.pk), "name": category.name, "slug": category.slug} if category else None,
        eval=shown(definition) if definition else None,
        created_at=when(row.created_at),
        updated_at=when(row.updated_at),
    )
