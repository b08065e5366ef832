"""How much work a schema makes of a value, looked at before the library is let loose on both: it has no limit of its own.

Two alternatives that lead to the same two alternatives, and so on, double with every step; both a document's author and a server that
answers can ask for that. An enum of thousands is compared at each of thousands of places, a pattern may take far longer than its text is
long, and every error holds what it is about. What is counted is what the library would do, never less.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any

from templates_app.openapi.costs import IN_PLACE, IN_PLACE_ONE, Cost, cost_of, list_of, map_of
from templates_app.openapi.snapshot import Schema

MOST_STEPS = 500_000
MOST_REPEATED = 20_000  # steps beyond one for each part of the schema at each place of the value: wrong ones cost the library most
MOST_UNITS = 200_000_000  # of templates_app.openapi.costs: some seconds
MOST_HELD = 1_000_000  # values in all errors together: some hundred megabytes
ERROR = 20  # values that an error is as large as
_ITEMS = ("items", "contains", "unevaluatedItems", "additionalItems")
_VALUES = ("additionalProperties", "unevaluatedProperties")
Place = tuple[int, Any]  # the container and what it has it under: a number may be the same object in a thousand places
Step = tuple[Any, Any, Place]
TOO_MANY = "its alternatives are so many that checking the value would take too long"
TOO_LONG = "its patterns or lists of values are such that checking the value would take too long"


class TooMuchWork(ValueError):
    """Checking the value would take too long."""


class Telling(Enum):
    """What the library may be asked of a value that does not fit: it makes all errors at once, and those of alternatives for the first."""

    ALL = "all"
    FIRST = "first"
    NOTHING = "nothing"


def refuse_much_work(value: Any, schema: Schema, definitions: Mapping[str, Schema]) -> None:
    """Raises TooMuchWork."""
    seen: set[int] = set()
    costs: dict[int, Cost] = {}
    units = 0
    for steps, (part, inner, place, _) in enumerate(_steps(value, schema, definitions), start=1):
        seen.add(hash((id(part), place)))
        if steps - len(seen) > MOST_REPEATED:
            raise TooMuchWork(TOO_MANY)
        cost = _cost(part, definitions, costs)
        if not cost.is_low:
            units += cost.of(inner)
            if units > MOST_UNITS:
                raise TooMuchWork(TOO_LONG)


def telling(value: Any, schema: Schema, definitions: Mapping[str, Schema]) -> Telling:
    """Of a value and a schema that were not refused. An error holds the value it is about, and what its keyword has."""
    costs: dict[int, Cost] = {}
    counts: dict[int, int] = {}
    held, in_choices = 0, 0
    for part, inner, _, is_in_choice in _steps(value, schema, definitions):
        cost = _cost(part, definitions, costs)
        more = (ERROR + _count(inner, counts)) * (1 + cost.missing) + cost.held
        held += more
        in_choices += more if is_in_choice else 0
    if held <= MOST_HELD:
        return Telling.ALL
    return Telling.FIRST if in_choices <= MOST_HELD else Telling.NOTHING


def _count(value: Any, counts: dict[int, int]) -> int:
    """The values in a value, each container counted once: `counts` is by id, and the value stays as it is meanwhile."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in counts:
        counts[id(value)] = 1 + sum(_count(each, counts) for each in (value.values() if isinstance(value, dict) else value))
    return counts[id(value)]


def _cost(part: Mapping[str, Any], definitions: Mapping[str, Schema], costs: dict[int, Cost]) -> Cost:
    found = costs.get(id(part))
    if found is None:
        found = costs[id(part)] = cost_of(part, definitions)
    return found


def _steps(value: Any, schema: Schema, definitions: Mapping[str, Schema]) -> Iterator[tuple[Any, Any, Place, bool]]:
    """Each schema that is an object, with each value that it is held against, and whether an alternative of anyOf or oneOf comes to that.

    Raises TooMuchWork where they are too many.
    """
    steps = 0
    waiting: list[tuple[Any, Any, Place, bool]] = [(schema, value, (0, None), False)]
    while waiting:
        step = part, inner, place, is_in_choice = waiting.pop()
        if not isinstance(part, dict):
            continue
        steps += 1
        if steps + len(waiting) > MOST_STEPS:
            raise TooMuchWork(TOO_MANY)
        yield step
        is_in_choice = is_in_choice or "anyOf" in part or "oneOf" in part
        waiting += [(*found, is_in_choice) for found in islice(_next(part, inner, place, definitions), MOST_STEPS)]


def _next(part: Mapping[str, Any], value: Any, place: Place, definitions: Mapping[str, Schema]) -> Iterator[Step]:
    if isinstance(reference := part.get("$ref"), str):
        yield definitions.get(reference.removeprefix("#/$defs/"), True), value, place
    for key in IN_PLACE:
        yield from ((each, value, place) for each in list_of(part.get(key)))
    yield from ((part[key], value, place) for key in IN_PLACE_ONE if key in part)
    yield from ((each, value, place) for each in map_of(part.get("dependentSchemas")).values())
    if isinstance(value, dict):
        yield from _in_object(part, value)
    elif isinstance(value, list):
        yield from _in_list(part, value)


def _in_list(part: Mapping[str, Any], value: list[Any]) -> Iterator[Step]:
    yield from (
        (schema, item, (id(value), at)) for at, (schema, item) in enumerate(zip(list_of(part.get("prefixItems")), value, strict=False))
    )
    for key in _ITEMS:
        if isinstance(part.get(key), dict):
            yield from ((part[key], item, (id(value), at)) for at, item in enumerate(value))


def _in_object(part: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[Step]:
    properties = map_of(part.get("properties"))
    yield from ((schema, value[name], (id(value), name)) for name, schema in properties.items() if name in value)
    for schema in map_of(part.get("patternProperties")).values():
        yield from ((schema, each, (id(value), name)) for name, each in value.items())
    for key in _VALUES:
        if isinstance(part.get(key), dict):
            yield from ((part[key], each, (id(value), name)) for name, each in value.items() if name not in properties)
    if isinstance(part.get("propertyNames"), dict):
        yield from ((part["propertyNames"], name, (-id(value), name)) for name in value)
