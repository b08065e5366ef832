"""The API's document, made once a process: inspecting every endpoint takes about as long as a hundred requests."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

REFERENCE = "#/components/schemas/"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1 as plain data. Shared: copy it before changing anything."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


def response_of(described: dict[str, Any]) -> dict[str, Any]:
    """A response of an operation, or the one that it refers to."""
    reference = described.get("$ref", "")
    found: dict[str, Any] = document()["components"]["responses"][reference.rpartition("/")[2]] if reference else described
    return found


@cache
def as_json() -> bytes:
    return bytes(OpenApiJsonRenderer().render(document(), renderer_context={}))


@cache
def as_yaml() -> bytes:
    return bytes(OpenApiYamlRenderer().render(document(), renderer_context={}))  # type: ignore[no-untyped-call]


def body_names() -> list[str]:
    """The names that have a JSON Schema of their own, sorted."""
    return sorted(document()["components"]["schemas"])


def json_schema(name: str, address: str) -> dict[str, Any]:
    """One component as a JSON Schema that needs nothing else: what it refers to stands under $defs. Raises KeyError."""
    schemas: dict[str, Any] = document()["components"]["schemas"]
    needed = _needed(schemas, name)
    alone = {"$schema": DIALECT, "$id": address, **_relinked(schemas[name], name)}
    return alone | ({"$defs": {other: _relinked(schemas[other], name) for other in sorted(needed)}} if needed else {})


def _needed(schemas: dict[str, Any], name: str) -> set[str]:
    """Every component that this one refers to, directly or not, but for itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(_references(schemas[waiting.pop()])) - found - {name}
        found |= new
        waiting.extend(new)
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(REFERENCE)
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _relinked(schema: Any, root: str) -> Any:
    """References into `components` become references into $defs; the one to the root, to the document itself."""
    if isinstance(schema, list):
        return [_relinked(inner, root) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {key: _relinked(inner, root) for key, inner in schema.items() if key != "discriminator"}  # a word of OpenAPI's
    if isinstance(schema.get("$ref"), str):
        target = schema["$ref"].removeprefix(REFERENCE)
        moved["$ref"] = "#" if target == root else f"#/$defs/{target}"
    return moved
