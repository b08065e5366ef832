"""How much work a schema makes of a value, looked at before the library is let loose on both: it has no limit of its own.

Two alternatives that lead to the same two alternatives, and so on, double with every step; both a document's author and a server that
answers can ask for that. What is counted is what the library would do, never less.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from templates_app.openapi.snapshot import Schema

MOST_STEPS = 500_000
MOST_REPEATED = 20_000  # steps beyond one for each part of the schema at each place of the value: wrong ones cost the library most
_SAME = ("allOf", "anyOf", "oneOf")
_SAME_ONE = ("not", "if", "then", "else")
_ITEMS = ("items", "contains", "unevaluatedItems", "additionalItems")
_VALUES = ("additionalProperties", "unevaluatedProperties")
Place = tuple[int, Any]  # the container and what it has it under: a number may be the same object in a thousand places
Step = tuple[Any, Any, Place]


class TooMuchWork(ValueError):
    """Checking the value would take too long."""


def refuse_much_work(value: Any, schema: Schema, definitions: Mapping[str, Schema]) -> None:
    """Raises TooMuchWork."""
    seen: set[int] = set()
    steps, waiting = 0, [(schema, value, (0, None))]
    while waiting:
        part, inner, place = waiting.pop()
        if not isinstance(part, dict):
            continue
        steps += 1
        seen.add(hash((id(part), place)))
        if steps + len(waiting) > MOST_STEPS or steps - len(seen) > MOST_REPEATED:
            raise TooMuchWork("its alternatives are so many that checking the value would take too long")
        waiting += islice(_next(part, inner, place, definitions), MOST_STEPS)


def _next(part: Mapping[str, Any], value: Any, place: Place, definitions: Mapping[str, Schema]) -> Iterator[Step]:
    if isinstance(reference := part.get("$ref"), str):
        yield definitions.get(reference.removeprefix("#/$defs/"), True), value, place
    for key in _SAME:
        yield from ((each, value, place) for each in _list(part.get(key)))
    yield from ((part[key], value, place) for key in _SAME_ONE if key in part)
    yield from ((each, value, place) for each in _map(part.get("dependentSchemas")).values())
    if isinstance(value, dict):
        yield from _in_object(part, value)
    elif isinstance(value, list):
        yield from _in_list(part, value)


def _in_list(part: Mapping[str, Any], value: list[Any]) -> Iterator[Step]:
    yield from (
        (schema, item, (id(value), at)) for at, (schema, item) in enumerate(zip(_list(part.get("prefixItems")), value, strict=False))
    )
    for key in _ITEMS:
        if isinstance(part.get(key), dict):
            yield from ((part[key], item, (id(value), at)) for at, item in enumerate(value))


def _in_object(part: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[Step]:
    properties = _map(part.get("properties"))
    yield from ((schema, value[name], (id(value), name)) for name, schema in properties.items() if name in value)
    for schema in _map(part.get("patternProperties")).values():
        yield from ((schema, each, (id(value), name)) for name, each in value.items())
    for key in _VALUES:
        if isinstance(part.get(key), dict):
            yield from ((part[key], each, (id(value), name)) for name, each in value.items() if name not in properties)
    if isinstance(part.get("propertyNames"), dict):
        yield from ((part["propertyNames"], name, (-id(value), name)) for name in value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
