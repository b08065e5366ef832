"""The inspector that drf-spectacular asks about each endpoint; settings name it by string. It reads the view's `operations`."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework import serializers
from rest_framework.permissions import AllowAny

from evalhub.common.describing import Answer, ErrorModel, Operation
from evalhub.common.parsing import Body
from evalhub.openapi.examples import example_of
from evalhub.openapi.refusals import WRITING, component_name, refusal, refusals, success_headers
from evalhub.openapi.shapes import Schema, object_schema

SECURITY: list[Schema] = [{"apiKey": []}, {"session": []}]
PATH_NAMES = {
    "agentId": "The agent's UUID, or its URL-encoded name.",
    "runId": "The run's UUID.",
    "templateId": "The template's UUID, or its URL-encoded name (of several with one name, the newest).",
    "name": "The name of a body.",
}
SCHEMA_LINK: Schema = {"type": "string", "format": "uri", "readOnly": True, "description": "A URL to the JSON Schema of this object."}
IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A text of your own. The same key and body are done once and give the same answer; with another body the key is a 409.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*[!-~][ -~]*$"},
}


class DescribedSchema(AutoSchema):
    """An operation as its endpoint declares it, not as drf-spectacular would guess it."""

    def is_excluded(self) -> bool:
        return self.method not in self._declared()

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry) -> Schema | None:
        self.registry, self.path, self.method = registry, path, method.upper()
        if self.is_excluded():
            return None
        declared = self._declared()[self.method]
        described: Schema = {
            "operationId": declared.id,
            "tags": [declared.tag],
            "summary": declared.summary,
            "description": declared.description,
            "parameters": self._parameters_of(declared),
            "requestBody": self._request(declared),
            "security": [] if self._is_public() else SECURITY,
            "responses": self._responses(declared),
        }
        return {key: value for key, value in described.items() if value or key == "security"}

    def get_serializer_name(self, serializer: "serializers.Serializer[Any]", direction: Any) -> str:
        return getattr(serializer, "component", "") or type(serializer).__name__

    def _declared(self) -> dict[str, Operation]:
        return getattr(self.view, "operations", {})

    def _is_public(self) -> bool:
        return AllowAny in self.view.permission_classes

    def _path_names(self) -> list[str]:
        return [name for name in PATH_NAMES if f"{{{name}}}" in self.path]

    def _parameters_of(self, declared: Operation) -> list[Schema]:
        example = declared.example
        found = [
            {"name": name, "in": "path", "required": True, "description": PATH_NAMES[name], "schema": {"type": "string", "minLength": 1}}
            | ({"example": example.path[name]} if example and name in example.path else {})
            for name in self._path_names()
        ]
        if declared.query:
            found += self._query(declared.query)
        return [*found, IDEMPOTENCY_KEY] if self.method in WRITING else found

    def _query(self, shape: type[Body]) -> list[Schema]:
        schema = object_schema(shape(), self._refer)
        return [
            {"name": name, "in": "query", "description": about.pop("description", ""), "schema": _without_null(about)}
            for name, about in schema["properties"].items()
            if name in shape().fields
        ]

    def _request(self, declared: Operation) -> Schema | None:
        if not declared.body:
            return None
        shape = declared.body()
        content: Schema = {"schema": self._refer(shape)}
        if declared.example:
            content["example"] = declared.example.body
        # No body at all is read as {}.
        return {"required": any(field.required for field in shape.fields.values()), "content": {"application/json": content}}

    def _responses(self, declared: Operation) -> Schema:
        is_public = self._is_public()
        self._whole(ErrorModel())
        content: Schema = {"schema": self._whole(declared.answer())}
        if declared.example and declared.example.answer is not None:
            content["example"] = declared.example.answer
        done: Schema = {"description": declared.summary, "content": {declared.media_type: content}}
        if headers := success_headers(declared, self.method, is_public=is_public):
            done["headers"] = headers
        problems = refusals(declared, self.method, is_public=is_public, has_path=bool(self._path_names()))
        return {str(declared.status): done} | {str(status): self._refusal(declared, status, when) for status, when in problems.items()}

    def _refusal(self, declared: Operation, status: int, when: str) -> Schema:
        """The response object of an error, or a reference to it where every operation has the same."""
        response = refusal(status, when, example_of(status, declared, self.method, self.path), is_public=self._is_public())
        if not (name := component_name(status, when)):
            return response
        kind = ResolvedComponent.RESPONSE
        component = ResolvedComponent(name=name, type=kind, schema=response, object=name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        found: Schema = component.ref
        return found

    def _whole(self, answer: Answer) -> Schema:
        """A shape that is an answer by itself: only such a one may say where its schema is."""
        reference = self._refer(answer)
        component: Schema = self.resolve_serializer(answer, "response").schema
        if "properties" in component and not component.get("additionalProperties"):
            component["properties"].setdefault("$schema", SCHEMA_LINK)
        return reference

    def _refer(self, serializer: "serializers.BaseSerializer[Any]") -> Schema:
        found: Schema = self.resolve_serializer(serializer, "response").ref  # type: ignore[arg-type]  # any serializer will do
        return found

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Schema:
        if not isinstance(serializer, Body | Answer):
            raise TypeError(f"{type(serializer).__name__} is neither a Body nor an Answer, so nothing says what it looks like.")
        return object_schema(serializer, self._refer)


def _without_null(schema: Schema) -> Schema:
    """A query cannot say null."""
    kind = schema.get("type")
    found = {**schema, "type": kind[0]} if isinstance(kind, list) else schema
    return {**found, "enum": [each for each in found["enum"] if each is not None]} if "enum" in found else found
