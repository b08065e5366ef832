"""Values of parameters between the text that travels and the JSON that a schema speaks of: in path, query, headers, cookies and forms
everything is text, so "5" is a whole number where the schema wants one.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evalhub.common.jsontext import read_json
from templates_app.openapi.snapshot import Parameter, Schema

MOST_VIEWS = 50  # parts that a schema is composed of
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_WHOLE = re.compile(r"[-+]?[0-9]{1,400}")
_NUMBER = re.compile(r"[-+]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][-+]?[0-9]{1,3})?")
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", dict: "object", list: "array"}
Definitions = Mapping[str, Schema]


def views(schema: Schema, definitions: Definitions) -> Iterator[dict[str, Any]]:
    """The schema and all that it is composed of, through references, allOf, anyOf and oneOf. Bounded."""
    waiting, seen = [schema], set()
    for _ in range(MOST_VIEWS):
        if not waiting:
            return
        found = waiting.pop(0)
        if not isinstance(found, dict):
            continue
        yield found
        name = str(found.get("$ref", "")).removeprefix("#/$defs/")
        if name in definitions and name not in seen:
            seen.add(name)
            waiting.append(definitions[name])
        waiting += [part for key in ("allOf", "anyOf", "oneOf") for part in found.get(key, [])]


def types(schema: Schema, definitions: Definitions) -> set[str]:
    """The types that a schema speaks of; empty where it allows any."""
    found: set[str] = set()
    for view in views(schema, definitions):
        named = view.get("type")
        found |= {named} if isinstance(named, str) else set(named or [])
        values = [view["const"]] if "const" in view else view.get("enum", [])
        found |= {_TYPES[type(value)] for value in values} if not named else set()
        found |= {"object"} if not named and "properties" in view else set()
    return found


def typed(raw: Any, schema: Schema, definitions: Definitions, *, prefers_text: bool = False) -> Any:
    """A value that travels as text, as the schema wants it. Where text and another type are both allowed, `prefers_text` decides."""
    if isinstance(raw, list):
        item = next((view["items"] for view in views(schema, definitions) if "items" in view), True)
        return [typed(part, item, definitions, prefers_text=prefers_text) for part in raw]
    if isinstance(raw, dict):
        properties = _properties(schema, definitions)
        return {key: typed(part, properties.get(key, True), definitions, prefers_text=prefers_text) for key, part in raw.items()}
    text, wanted = wire_text(raw), types(schema, definitions)
    if prefers_text and "string" in wanted or not wanted and isinstance(raw, str):
        return text
    return _read(text, wanted) if wanted else raw


def _read(text: str, wanted: set[str]) -> Any:
    if wanted & {"integer", "number"} and _WHOLE.fullmatch(text):
        return int(text)
    if "number" in wanted and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in wanted and text in ("true", "false"):
        return text == "true"
    return None if "null" in wanted and "string" not in wanted and text in ("", "null") else text


def by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """The values of a query or a form: a list where a name comes more than once."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def wire_text(value: Any) -> str:
    """A simple value as it travels: true, 5, 1.5, text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def split(raw: Any, parameter: Parameter, definitions: Definitions) -> Any:
    """What was written for a parameter, with a text taken apart where its style makes a text of a list or an object. Raises BadJSON."""
    if parameter["content_type"]:
        return read_json(raw) if isinstance(raw, str) else raw
    wanted = types(parameter["schema"], definitions)
    if not isinstance(raw, str) or "string" in wanted or not wanted & {"array", "object"}:
        return raw
    if "array" in wanted:
        return _listed(raw, parameter)
    return _paired(raw, parameter)


def _listed(raw: str, parameter: Parameter) -> list[str]:
    if parameter["style"] == "form" and parameter["explode"]:
        return [raw]
    return raw.split(_SEPARATORS.get(parameter["style"], ","))


def _paired(raw: str, parameter: Parameter) -> Any:
    """`a=1,b=2` or `a,1,b,2`; a text that is neither stays one, which no schema of an object takes."""
    parts = raw.split(_SEPARATORS.get(parameter["style"], ","))
    if parameter["explode"]:
        pairs = [part.split("=", 1) for part in parts]
        return {pair[0]: pair[1] for pair in pairs} if all(len(pair) == 2 for pair in pairs) else raw
    return dict(zip(parts[::2], parts[1::2], strict=True)) if len(parts) % 2 == 0 else raw


def _properties(schema: Schema, definitions: Definitions) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for view in views(schema, definitions):
        found = {**view.get("properties", {}), **found}
    return found


def property_names(schema: Schema, definitions: Definitions) -> set[str]:
    """The names that a schema of an object knows."""
    return set(_properties(schema, definitions))
