"""The dialect about itself: an OpenAPI 3.1 document made of the paths and their shapes."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from runs.api.durable.endpoint import DurableEndpoint, Op
from runs.api.durable.shapes.base import Sent
from runs.api.durable.shapes.errors import Detail, HTTPValidationError

REFERENCE = "#/components/schemas/{model}"
KEY = {"type": "apiKey", "in": "header", "name": "X-Sapient-Api-Key"}
BEARER = {"type": "http", "scheme": "bearer"}
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
EVERYWHERE = {
    401: "No key, or one that opens nothing.",
    403: "The key lacks the scope.",
    429: "Asked too often.",
    500: "EvalHub itself failed.",
    503: "The database does not answer at the moment.",
}
WITH_BODY = {
    400: "The Idempotency-Key is no key, or the body broke off.",
    409: "The Idempotency-Key was used for another request.",
    413: "The body is too large.",
    415: "The body is no JSON.",
}


def document() -> dict[str, Any]:
    """Plain data. Shared: copy it before changing anything."""
    from runs.api.durable.urls import paths  # it has a path that answers with this

    return _document(tuple((_PARAMETER.sub(r"{\1}", f"/v1/{route}"), view) for route, view in paths))


@cache
def _document(paths: Sequence[tuple[str, type[DurableEndpoint]]]) -> dict[str, Any]:
    described = [(path, method.lower(), op) for path, view in paths for method, op in view.ops.items()]
    return {
        "openapi": "3.1.0",
        "info": {"title": "EvalHub: durable eval runs", "version": "1.0.0"},
        "servers": [{"url": "/"}],
        "paths": {path: {verb: _operation(path, op) for at, verb, op in described if at == path} for path, _ in paths},
        "components": {
            "schemas": _schemas(op for _, _, op in described),
            "securitySchemes": {"SapientApiKeyAuth": KEY, "Bearer": BEARER},
        },
    }


def _schemas(ops: Iterator[Op]) -> dict[str, Any]:
    models: dict[type[BaseModel], Any] = {HTTPValidationError: "serialization", Detail: "serialization"}
    for op in ops:
        models |= dict.fromkeys(_bodies(op), "validation")
        models |= {op.answer: "serialization"}
    _, made = models_json_schema(list(models.items()), ref_template=REFERENCE)
    schemas: dict[str, Any] = made["$defs"]
    return dict(sorted(schemas.items()))


def _bodies(op: Op) -> tuple[type[Sent], ...]:
    return op.body if isinstance(op.body, tuple) else (op.body,) if op.body else ()


def _operation(path: str, op: Op) -> dict[str, Any]:
    bodies = [_reference(body) for body in _bodies(op)]
    return {
        "operationId": op.id,
        "summary": op.summary,
        "parameters": [*_of_path(path), *_of_query(op)],
        **({"requestBody": {"required": True, "content": _json(bodies[0] if len(bodies) == 1 else {"oneOf": bodies})}} if bodies else {}),
        "responses": {"200": {"description": "It is done.", "content": _json(_reference(op.answer))}, **_refusals(path, op)},
        "security": [{"SapientApiKeyAuth": []}, {"Bearer": []}] if not op.open else [],
    }


def _refusals(path: str, op: Op) -> dict[str, Any]:
    """What may go wrong, by status."""
    told = {**(EVERYWHERE if not op.open else {500: EVERYWHERE[500]}), **(WITH_BODY if op.body else {})}
    told |= ({404: "There is no such row in the key's project."} if "{" in path else {}) | dict(op.refusals or {})
    refused = {status: {"description": about, "content": _json(_reference(Detail))} for status, about in told.items()}
    if op.body or op.query:
        refused[422] = {"description": "Something in it is wrong.", "content": _json(_reference(HTTPValidationError))}
    return {str(status): refused[status] for status in sorted(refused)}


def _of_path(path: str) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _of_query(op: Op) -> list[dict[str, Any]]:
    fields = op.query.model_json_schema()["properties"] if op.query else {}
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in fields.items()]


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": REFERENCE.format(model=model.__name__)}
