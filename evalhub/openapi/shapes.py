"""A serializer as JSON Schema (2020-12), as precise as the parser behind it: what the schema allows is taken, the rest is refused.

Plain functions. A nested serializer becomes what `Refer` makes of it, a reference to its component.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from evalhub.common.parsing import JSON_OBJECT, NOT_BLANK, Body

Schema = dict[str, Any]
Refer = Callable[[serializers.BaseSerializer[Any]], Schema]
NULL: Schema = {"type": "null"}


def object_schema(serializer: serializers.Serializer[Any], refer: Refer) -> Schema:
    """The component of a serializer: an object with its keys and no others."""
    is_body = isinstance(serializer, Body)
    own: Mapping[str, Any] = getattr(serializer, "json_schema", {})
    if not serializer.fields and "oneOf" in own:
        return {"description": _description(serializer), **own}
    properties = {name: _property(field, refer, is_body=is_body) for name, field in serializer.fields.items()}
    required = [name for name, field in serializer.fields.items() if field.required]
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if description := _description(serializer):
        schema["description"] = description
    if required:
        schema["required"] = required
    if is_body:
        properties |= {key: _dropped(key) for key in sorted(getattr(serializer, "ignored", ()))}
    return schema | _merged(schema, own)


def _dropped(key: str) -> Schema:
    return {"description": "A URL to the JSON Schema of this object; not read." if key == "$schema" else "Accepted, and not used."}


def _merged(schema: Schema, more: Mapping[str, Any]) -> Schema:
    """What a shape says of itself beyond its fields: further `properties`, or more about those there are."""
    known = schema["properties"]
    told = {name: known.get(name, {}) | about for name, about in more.get("properties", {}).items()}
    return {**more, "properties": known | told} if told else dict(more)


def _description(serializer: serializers.Serializer[Any]) -> str:
    return " ".join((type(serializer).__dict__.get("__doc__") or "").split())


def _property(field: serializers.Field[Any, Any, Any, Any], refer: Refer, *, is_body: bool) -> Schema:
    schema = field_schema(field, refer)
    if (is_body and not field.required) or (not is_body and field.allow_null):
        schema = nullable(schema)
    about: Schema = {"description": str(field.help_text)} if field.help_text else {}
    if field.default is not empty and field.default is not None:
        about["default"] = field.default
    return schema | about


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], NULL]}
    return {"anyOf": [schema, NULL]} if "$ref" in schema else schema


def field_schema(field: serializers.Field[Any, Any, Any, Any], refer: Refer) -> Schema:
    """What one field takes, null and default aside."""
    if own := getattr(field, "json_schema", None) if not isinstance(field, serializers.BaseSerializer) else None:
        return dict(own)
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        return _list_schema(field, refer)
    if isinstance(field, serializers.BaseSerializer):
        return _nested(field, refer)
    kinds: Iterable[tuple[type, Callable[[Any], Schema]]] = (
        (serializers.ChoiceField, _choice),
        (serializers.UUIDField, lambda _: {"type": "string", "format": "uuid"}),
        (serializers.DateTimeField, lambda _: {"type": "string", "format": "date-time"}),
        (serializers.CharField, _text),
        (serializers.IntegerField, lambda whole: {"type": "integer", "format": "int64", **_limits(whole)}),
        (serializers.FloatField, lambda number: {"type": "number", "format": "double", **_limits(number)}),
        (serializers.BooleanField, lambda _: {"type": "boolean"}),
        (serializers.DictField, lambda mapping: {"type": "object", "additionalProperties": field_schema(mapping.child, refer)}),
        (serializers.JSONField, lambda _: {}),
    )
    return next(schema(field) for kind, schema in kinds if isinstance(field, kind))


def _nested(field: serializers.BaseSerializer[Any], refer: Refer) -> Schema:
    reference = refer(field)
    if not isinstance(field, Body):
        return reference
    texts: list[Schema] = []
    if field.may_be_text:
        texts = [{"type": "string", "format": JSON_OBJECT, "contentMediaType": "application/json", "contentSchema": reference}]
    others = [*texts, *map(dict, field.json_alternatives)]
    return {"anyOf": [reference, *others]} if others else reference


def _list_schema(field: "serializers.ListSerializer[Any] | serializers.ListField", refer: Refer) -> Schema:
    limits = {"minItems": getattr(field, "min_length", None), "maxItems": getattr(field, "max_length", None)}
    items = field_schema(field.child, refer)  # type: ignore[arg-type]  # the child of a list is a field
    return {"type": "array", "items": items, **_given(limits)}


def _choice(field: serializers.ChoiceField) -> Schema:
    blank = [""] if field.allow_blank else []
    return {"type": "string", "enum": [*map(str, field.choices), *blank]}


def _text(field: serializers.CharField) -> Schema:
    schema = {"type": "string", **_given({"minLength": field.min_length, "maxLength": field.max_length})}
    is_input = isinstance(field.parent, Body | serializers.ListField)
    if field.allow_blank or not is_input:
        return schema
    return {**schema, "minLength": 1, "pattern": NOT_BLANK} if field.trim_whitespace else {**schema, "minLength": 1}


def _limits(field: "serializers.IntegerField | serializers.FloatField") -> Schema:
    return _given({"minimum": field.min_value, "maximum": field.max_value})


def _given(values: Mapping[str, Any]) -> Schema:
    return {key: value for key, value in values.items() if value is not None}
