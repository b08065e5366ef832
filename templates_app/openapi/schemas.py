"""Schemas of a document as JSON Schema 2020-12 with their references gathered under `$defs`, so that recursion stays finite.

OpenAPI 3.0 has a dialect of its own (nullable, exclusiveMinimum as a boolean, `$ref` without siblings), which is translated here; whether
a value fits a schema is the library's to say (`validation`).
"""

import json
import re
from collections import deque
from typing import Any

from templates_app.openapi.document import Document, Unresolved, pointer_parts
from templates_app.openapi.snapshot import Schema

LARGEST_DEFINITIONS = 64 * 1024  # characters of JSON, of all definitions of one operation
_MAPS = {"properties", "patternProperties", "dependentSchemas"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_ONES = {
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema", "additionalItems"),
}
# What is inside is reached by reference; the rest would change how references are read, or says nothing about a value.
_DROPPED = {"$defs", "definitions", "$id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "xml", "externalDocs"}
_UNREAD = {"$dynamicRef", "$recursiveRef"}


class SchemaReader:
    """Reads the schemas of one operation; `definitions()` is what they refer to. `notes` are sentences on what could not be kept."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.names: dict[str, str] = {}  # by reference
        self.waiting: deque[str] = deque()
        self.notes: list[str] = []

    def read(self, schema: Any) -> Schema:
        """The schema in our dialect. What is no schema stays as it is: the library refuses it."""
        if not isinstance(schema, dict):
            return schema  # type: ignore[no-any-return]
        if "$ref" in schema:
            return self._reference(schema)
        found: dict[str, Any] = {key: self._value(key, value) for key, value in schema.items() if key not in _DROPPED | _UNREAD}
        for key in sorted(_UNREAD & schema.keys()):
            self._note(f"{key} is not read, so what it asks for is not checked")
        return _without_old_keywords(found) if self.document.is_old else found

    def definitions(self) -> tuple[dict[str, Schema], list[str]]:
        """What all that was read refers to, nearest first; and the names of those that found no room."""
        found: dict[str, Schema] = {}
        left_out: list[str] = []
        size = 0
        while self.waiting:
            reference = self.waiting.popleft()
            name, known = self.names[reference], len(self.waiting)
            schema = self._target(reference) if size <= LARGEST_DEFINITIONS else True
            size += len(json.dumps(schema))
            if size > LARGEST_DEFINITIONS:
                left_out.append(name)
                while len(self.waiting) > known:  # what only this one refers to
                    self.waiting.pop()
                schema = {"description": "Left out here: the schemas of this operation are too large."}
            found[name] = schema
        return found, left_out

    def _target(self, reference: str) -> Schema:
        try:
            return self.read(self.document.at(reference))
        except Unresolved as error:
            self._note(f"the reference {error}, so what it asks for is not checked")
            return True

    def _reference(self, schema: dict[str, Any]) -> Schema:
        reference = schema["$ref"]
        if not isinstance(reference, str):
            return schema
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if self.document.is_old:  # where only the reference counts
            beside = {key: value for key, value in beside.items() if key in ("description", "summary")}
        kept = self.read(beside)
        return {"$ref": f"#/$defs/{self._name(reference)}", **(kept if isinstance(kept, dict) else {})}

    def _name(self, reference: str) -> str:
        if reference not in self.names:
            self.names[reference] = _free_name(reference, set(self.names.values()))
            self.waiting.append(reference)
        return self.names[reference]

    def _value(self, key: str, value: Any) -> Any:
        if key in _MAPS and isinstance(value, dict):
            return {name: self.read(part) for name, part in value.items()}
        if key in _LISTS and isinstance(value, list):
            return [self.read(part) for part in value]
        if key == "discriminator" and isinstance(value, dict) and isinstance(value.get("mapping"), dict):
            return value | {"mapping": {name: self._mapped(target) for name, target in value["mapping"].items()}}
        return self.read(value) if key in _ONES else value

    def _mapped(self, target: Any) -> Any:
        """A discriminator names a schema by its reference, or by its name among the components."""
        if not isinstance(target, str):
            return target
        reference = target if "#" in target or "/" in target else f"#/components/schemas/{target}"
        return f"#/$defs/{self._name(reference)}"

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _free_name(reference: str, taken: set[str]) -> str:
    try:
        last = (pointer_parts(reference) if reference.startswith("#") else reference.rsplit("/", 1))[-1:]
    except Unresolved:
        last = []
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", "".join(last))[:80] or "schema"
    return next(free for free in (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))) if free not in taken)


def _without_old_keywords(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of OpenAPI 3.0 with what 2020-12 writes in another way."""
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool):
            is_exclusive = schema.pop(exclusive)
            if is_exclusive and limit in schema:
                schema[exclusive] = schema.pop(limit)
    return _nullable(schema) if schema.pop("nullable", False) is True else schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Null beside a type or an enum. Elsewhere the standard gives `nullable` no effect; who writes it means it all the same."""
    if "enum" in schema and isinstance(schema["enum"], list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    if not {"allOf", "anyOf", "oneOf", "not"} & schema.keys():
        return schema
    said: dict[str, Any] = {key: schema.pop(key) for key in ("description", "title", "default", "example") if key in schema}
    return {**said, "anyOf": [schema, {"type": "null"}]}
