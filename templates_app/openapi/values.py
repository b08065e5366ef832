"""The parameters of a request, each taken out of what was written, read by its style and held against its schema."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from evalhub.common.jsontext import BadJSON
from templates_app.openapi.checks import Check
from templates_app.openapi.coercing import Definitions, property_names, split, typed, types
from templates_app.openapi.snapshot import Operation, Parameter, Schema
from templates_app.openapi.validation import SchemaInvalid, faults
from templates_app.reasons import FailureReason

Values = dict[str, list[tuple[Parameter, Any]]]  # by place (path, query, header, cookie), as they were written: 007 stays 007
Faults = dict[str, list[Check]]  # by key of the check
MOST_FAULTS = 20
KEYS = {"path": "path", "query": "query", "header": "headers", "cookie": "cookies"}


@dataclass(frozen=True)
class Given:
    """What was written, by place; names of headers in small letters."""

    path: dict[str, Any]
    query: dict[str, Any]
    headers: dict[str, str]
    cookies: dict[str, Any]

    def by_place(self) -> dict[str, dict[str, Any]]:
        """Under the places of parameters and credentials."""
        return {"path": self.path, "query": self.query, "header": self.headers, "cookie": self.cookies}


def check_values(operation: Operation, given: Given, credentials: Mapping[str, set[str]]) -> tuple[Values, Faults]:
    """What each parameter has, and what is wrong. `credentials` are names by place, which need no description.

    Headers that nobody described may be sent; other parameters may not.
    """
    left: dict[str, MutableMapping[str, Any]] = {place: dict(written) for place, written in given.by_place().items()}
    values: Values = {place: [] for place in KEYS}
    found: Faults = {key: [] for key in KEYS.values()}
    for parameter in operation["parameters"]:
        place = parameter["in"]
        raw = _taken(left[place], parameter, operation["definitions"])
        value, fault = _checked(raw, parameter, operation["definitions"])
        if fault:
            found[KEYS[place]].append(fault)
        elif raw is not None:
            values[place].append((parameter, value))
    for place in ("query", "cookie"):
        found[KEYS[place]] += [_unknown(place, name) for name in left[place] if name not in credentials[place]]
    return values, {key: checks[:MOST_FAULTS] for key, checks in found.items()}


def _taken(left: MutableMapping[str, Any], parameter: Parameter, definitions: Definitions) -> Any:
    """What was written for a parameter, out of what is left; None for nothing."""
    name = parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]
    if name in left:
        return left.pop(name)
    if parameter["in"] != "query" or "object" not in types(parameter["schema"], definitions):
        return None
    if parameter["style"] == "deepObject":
        return _gathered(left, lambda key: key[len(name) + 1 : -1] if key.startswith(f"{name}[") and key.endswith("]") else "")
    known = property_names(parameter["schema"], definitions) if parameter["style"] == "form" and parameter["explode"] else set()
    return _gathered(left, lambda key: key if key in known else "")


def _gathered(left: MutableMapping[str, Any], part_of: Callable[[str], str]) -> dict[str, Any] | None:
    """An object whose properties were written as parameters of their own: where[a]=1&where[b]=2, or a=1&b=2."""
    parts = {part: left.pop(key) for key in list(left) if (part := part_of(key))}
    return parts or None


def _checked(raw: Any, parameter: Parameter, definitions: Definitions) -> tuple[Any, Check | None]:
    name, key = parameter["name"], KEYS[parameter["in"]]
    if raw is None:
        missing = Check(key, f"The parameter {name} is required.", FailureReason.MISSING_PARAMETER)
        return None, missing if parameter["required"] else None
    try:
        written = split(raw, parameter, definitions)
    except BadJSON as error:
        return None, Check(key, f"The parameter {name} must be JSON. {error}", FailureReason.INVALID_PARAMETER)
    if parameter["content_type"]:
        wrong = _faults(written, parameter["schema"], definitions)
    else:
        wrong = misfits(written, parameter["schema"], definitions)
    return written, Check(key, f"The parameter {name} does not fit: {wrong[0]}.", FailureReason.INVALID_PARAMETER) if wrong else None


def misfits(raw: Any, schema: Schema, definitions: Definitions) -> list[str]:
    """What does not fit of a value that travels as text, however it is read."""
    value = typed(raw, schema, definitions)
    wrong = _faults(value, schema, definitions)
    other = typed(raw, schema, definitions, prefers_text=True) if wrong else value
    return wrong if other == value or _faults(other, schema, definitions) else []


def _faults(value: Any, schema: Schema, definitions: Definitions) -> list[str]:
    try:
        return faults(value, schema, definitions, "request")
    except SchemaInvalid as error:
        return [f"its schema cannot be used ({error})"]


def _unknown(place: str, name: str) -> Check:
    return Check(KEYS[place], f"The operation has no {place} parameter {name!r}.", FailureReason.UNKNOWN_PARAMETER)
