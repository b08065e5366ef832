"""Whether a value fits a schema: a thin layer over jsonschema-rs, whose patterns give up instead of running for hours, and which fetches
nothing. Messages name the place and the rule, never the value, which may hold a secret.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Literal

import jsonschema_rs

from evalhub.common.jsontext import BadJSON, refuse_odd_values
from templates_app.openapi.effort import Telling, TooMuchWork, refuse_much_work, telling
from templates_app.openapi.snapshot import Schema

Direction = Literal["request", "response"]
MOST_FAULTS = 10
LONGEST_FAULT = 300
MASK = "the value"
TOO_LARGE = "it does not fit, and is too large to say where"
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000)
_NESTED = ("properties", "patternProperties", "dependentSchemas", "$defs")


class SchemaInvalid(ValueError):
    """What should be a schema is none, or one that cannot be used; the message says why."""


def faults(value: Any, schema: Schema, definitions: Mapping[str, Schema], direction: Direction) -> list[str]:
    """Sentences on what does not fit, at most MOST_FAULTS; none when the value fits. Raises SchemaInvalid."""
    try:
        refuse_odd_values(value)  # before the library sees what cannot be encoded
    except BadJSON as error:
        return [str(error)]
    validator = _validator({"$ref": "#/$defs/@", "$defs": {**definitions, "@": schema}}, direction)
    try:
        refuse_much_work(value, schema, definitions)
    except TooMuchWork as error:
        raise SchemaInvalid(str(error)) from None
    if validator.is_valid(value):  # stops at the first error, and makes none
        return []
    return _told(validator, value, telling(value, schema, definitions))


def _told(validator: jsonschema_rs.Draft202012Validator, value: Any, how: Telling) -> list[str]:
    """What does not fit of a value, as far as the errors can be held in memory."""
    if how is Telling.ALL:
        return [_sentence(error) for error in islice(validator.iter_errors(value), MOST_FAULTS)]
    if how is Telling.FIRST:
        try:
            validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return [_sentence(error)]
    return [TOO_LARGE]


def check_schemas(schemas: Iterable[Schema], definitions: Mapping[str, Schema]) -> None:
    """Raises SchemaInvalid when one of them cannot be used."""
    numbered = {f"@{number}": schema for number, schema in enumerate(schemas)}
    _compiled({"allOf": [{"$ref": f"#/$defs/{name}"} for name in numbered] or [True], "$defs": {**definitions, **numbered}})


def _validator(schema: dict[str, Any], direction: Direction) -> jsonschema_rs.Draft202012Validator:
    return _compiled(_without_unsendable(schema, "readOnly" if direction == "request" else "writeOnly"))


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True, mask=MASK, pattern_options=_PATTERNS)
    except (ValueError, RecursionError) as error:
        raise SchemaInvalid(_reason(error)) from None


def _reason(error: Exception) -> str:
    if not isinstance(error, jsonschema_rs.ValidationError):
        return " ".join(str(error).split())[:LONGEST_FAULT]
    path = [str(part) for part in error.instance_path if part != "$defs" and not str(part).startswith("@")]
    return f"{'.'.join(path) or 'the schema'}: {error.message}"[:LONGEST_FAULT]


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path).lstrip(".")
    return f"{place}: {error.message}" if place else error.message


def _without_unsendable(schema: Any, mark: str) -> Any:
    """What is read-only cannot be required of a request, nor what is write-only of a response."""
    if isinstance(schema, list):
        return [_without_unsendable(part, mark) for part in schema]
    if not isinstance(schema, dict):
        return schema
    properties = schema.get("properties")
    found = {key: _part(key, value, mark) for key, value in schema.items()}
    if isinstance(properties, dict) and isinstance(schema.get("required"), list):
        unsendable = {name for name, part in properties.items() if isinstance(part, dict) and part.get(mark) is True}
        found["required"] = [name for name in schema["required"] if name not in unsendable]
    return found


def _part(key: str, value: Any, mark: str) -> Any:
    if key in ("enum", "const", "default", "example", "examples"):
        return value
    if key in _NESTED and isinstance(value, dict):
        return {name: _without_unsendable(part, mark) for name, part in value.items()}
    return _without_unsendable(value, mark)
