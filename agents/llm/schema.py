"""A pydantic model as the JSON schema that model servers understand: no references, every field required, nothing extra.

Used by structured.py and the wires.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from agents.llm.wire import Shape

# Refused, in part or in whole, by the strict mode of OpenAI's own API; a grammar (llama.cpp, vLLM) makes good use of them.
RANGE_KEYWORDS = frozenset(
    {"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"minItems", "maxItems", "uniqueItems"}
)
NOISE = frozenset({"title", "default", "examples", "discriminator"})
NAMED_CHILDREN = ("properties",)
LISTED_CHILDREN = ("anyOf", "oneOf", "allOf", "prefixItems")


@lru_cache(maxsize=256)
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of one answer. Recursive models have no finite schema without references and raise `ValueError`."""
    schema = model.model_json_schema()
    return Shape(name=_tool_name(model.__name__), json_schema=_closed(_inlined(schema, schema.get("$defs", {}), ())))


def without_ranges(schema: Any) -> Any:
    """The same schema without lengths, ranges and patterns. pydantic still checks them when the answer is in."""
    if not isinstance(schema, dict):
        return schema
    return _mapped({key: value for key, value in schema.items() if key not in RANGE_KEYWORDS}, without_ranges)


def _inlined(schema: Any, definitions: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if name in path:
        raise ValueError(f"{name} refers to itself, which a model server cannot be shown without references.")
    if name:
        schema = {**definitions[name], **{key: value for key, value in schema.items() if key != "$ref"}}
        path = (*path, name)
    kept = {key: value for key, value in schema.items() if key not in NOISE and key != "$defs"}
    return _mapped(kept, lambda child: _inlined(child, definitions, path))


def _closed(schema: Any) -> Any:
    """Strict mode's two demands: all properties required, no others allowed. A dict with free keys stays as it is."""
    if not isinstance(schema, dict):
        return schema
    schema = _mapped(schema, _closed)
    if "properties" in schema:
        schema = {**schema, "required": list(schema["properties"]), "additionalProperties": False}
    return schema


def _mapped(schema: dict[str, Any], change: Any) -> dict[str, Any]:
    """Apply `change` to each schema directly inside this one. The names of properties are not keywords and stay."""
    result = dict(schema)
    for key in NAMED_CHILDREN:
        if key in result:
            result[key] = {name: change(child) for name, child in result[key].items()}
    for key in LISTED_CHILDREN:
        if key in result:
            result[key] = [change(child) for child in result[key]]
    for key in ("items", "additionalProperties"):
        if key in result:
            result[key] = change(result[key])
    return result


def _tool_name(name: str) -> str:
    """A function name every provider accepts: letters, digits, underscores and dashes, at most 64."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "_-") else "_" for char in name)[:64] or "answer"
