"""Schemas of a document as JSON Schema 2020-12 with their references gathered under `$defs`, so that recursion stays finite.

OpenAPI 3.0 has a dialect of its own (nullable, exclusiveMinimum as a boolean, `$ref` without siblings), which is translated here; whether
a value fits a schema is the library's to say (`validation`).
"""

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from templates_app.openapi.costs import compiling_cost
from templates_app.openapi.document import Document, Unresolved, pointer_parts
from templates_app.openapi.snapshot import Schema
from templates_app.openapi.validation import SchemaInvalid, check_schemas

MOST_COMPILED = 500_000  # units of `costs.compiling_cost`, of one operation: a second
MOST_COMPILED_TOGETHER = 5_000_000  # of one document
TOO_LARGE_PATTERNS = "its patterns repeat so much that they are too large"
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
_LEFT_OUT = _DROPPED | _UNREAD


@dataclass(frozen=True)
class Translated:
    """A schema that something refers to: once a document, however many operations come to it. `fault` says why it cannot be used."""

    schema: Schema
    references: tuple[str, ...]
    size: int  # characters of JSON
    notes: tuple[str, ...]
    fault: str


class Shelf:
    """What references of a document lead to, each translated when it is first asked for, and the names they go by."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._known: dict[str, Translated] = {}
        self._compiled = 0

    def name(self, reference: str) -> str:
        if reference not in self._names:
            self._names[reference] = _free_name(reference, self._taken)
            self._taken.add(self._names[reference])
        return self._names[reference]

    def translated(self, reference: str) -> Translated:
        if reference not in self._known:
            self._known[reference] = self._translate(reference)
        return self._known[reference]

    def _translate(self, reference: str) -> Translated:
        reader = SchemaReader(self)
        try:
            schema = reader.read(self.document.at(reference))
        except Unresolved as error:
            schema = True
            reader.notes.append(f"the reference {error}, so what it asks for is not checked")
        references = tuple(reader.references)
        try:
            self.check([schema], {self.name(each): True for each in references})
            fault = ""
        except SchemaInvalid as error:
            fault = f"{self.name(reference)}: {error}"
        return Translated(schema, references, len(json.dumps(schema)), tuple(reader.notes), fault)

    def check(self, schemas: Sequence[Schema], definitions: Mapping[str, Schema]) -> None:
        """Raises SchemaInvalid when one of the schemas cannot be used, or the patterns of the document are too large together."""
        cost = compiling_cost(schemas)
        if cost > MOST_COMPILED or self._compiled + cost > MOST_COMPILED_TOGETHER:
            raise SchemaInvalid(TOO_LARGE_PATTERNS)
        self._compiled += cost
        check_schemas(schemas, definitions)


class SchemaReader:
    """Reads the schemas of one operation; `definitions()` is what they refer to. `notes` are half sentences on what could not be kept."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.is_old = shelf, shelf.document.is_old
        self.references: dict[str, None] = {}  # in order
        self.notes: list[str] = []

    def read(self, schema: Any) -> Schema:
        """The schema in our dialect. What is no schema stays as it is: the library refuses it."""
        if not isinstance(schema, dict):
            return schema  # type: ignore[no-any-return]
        if "$ref" in schema:
            return self._reference(schema)
        found: dict[str, Any] = {key: self._value(key, value) for key, value in schema.items() if key not in _LEFT_OUT}
        for key in sorted(_UNREAD & schema.keys()):
            self._note(f"{key} is not read, so what it asks for is not checked")
        return _without_old_keywords(found) if self.is_old else found

    def definitions(self) -> tuple[dict[str, Schema], list[str]]:
        """What all that was read refers to, nearest first; and the names of those that found no room. Raises SchemaInvalid."""
        found: dict[str, Schema] = {}
        left_out: list[str] = []
        waiting, size = deque(self.references), 0
        while waiting:
            reference = waiting.popleft()
            name, target = self.shelf.name(reference), self.shelf.translated(reference)
            if name in found:
                continue
            if left_out or size + target.size > LARGEST_DEFINITIONS:
                left_out.append(name)
                found[name] = {"description": "Left out here: the schemas of this operation are too large."}
                continue
            if target.fault:
                raise SchemaInvalid(target.fault)
            found[name], size = target.schema, size + target.size
            waiting.extend(target.references)
            for note in target.notes:
                self._note(note)
        return found, left_out

    def _reference(self, schema: dict[str, Any]) -> Schema:
        reference = schema["$ref"]
        if not isinstance(reference, str):
            return schema
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if self.is_old:  # where only the reference counts
            beside = {key: value for key, value in beside.items() if key in ("description", "summary")}
        kept = self.read(beside)
        return {"$ref": f"#/$defs/{self._name(reference)}", **(kept if isinstance(kept, dict) else {})}

    def _name(self, reference: str) -> str:
        self.references.setdefault(reference)
        return self.shelf.name(reference)

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
    return next(free for free in chain([name], (f"{name}_{number}" for number in count(2))) if free not in taken)


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
