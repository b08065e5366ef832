"""The body of a request: that it is there, of a documented type, and fits its schema."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from evalhub.common.jsontext import BadJSON, read_json
from templates_app.openapi import media
from templates_app.openapi.checks import Check
from templates_app.openapi.coercing import by_name, wire_text
from templates_app.openapi.sending import body_bytes
from templates_app.openapi.snapshot import Body, Operation, Schema
from templates_app.openapi.validation import SchemaInvalid, faults
from templates_app.openapi.values import misfits
from templates_app.reasons import FailureReason

MOST_FIELDS = 1000


@dataclass(frozen=True)
class Sent:
    """A body as it is sent."""

    content_type: str
    data: bytes


def check_body(operation: Operation, given: Any, content_type: str) -> tuple[Sent | None, list[Check]]:
    """What to send, if anything, and what is wrong. `content_type` is what the request said of it, or ""."""
    body = operation["body"]
    if body is None:
        return None, [] if given in (None, "", {}, []) else [_wrong("The operation takes no body.")]
    if given is None:
        return None, [Check("body", "The operation requires a body.", FailureReason.MISSING_BODY)] if body["required"] else []
    documented = media.best_match(content_type, body["content"]) if content_type else next(iter(body["content"]))
    if documented is None:
        return None, [_wrong(f"The content type is {media.bare(content_type)}; documented is {', '.join(body['content'])[:200]}.")]
    value, wrong = _read(given, documented, body, operation)
    if wrong:
        return None, [_wrong(f"The body does not fit: {fault}.") for fault in wrong]
    sent_as = media.bare(content_type) or (documented if "*" not in documented else "application/json")
    return Sent(sent_as, body_bytes(sent_as, value)), []


def _read(given: Any, documented: str, body: Body, operation: Operation) -> tuple[Any, list[str]]:
    schema, kind = body["content"][documented], media.kind(documented)
    if kind == media.JSON:
        return _json(given, schema, operation)
    value = _form(given) if kind == media.FORM else _text(given)
    if value is None:
        return given, ["a form is an object, or name=value pairs in a text" if kind == media.FORM else "a text is asked for"]
    return value, misfits(value, schema, operation["definitions"])


def _text(given: Any) -> str | None:
    return None if isinstance(given, dict | list) else wire_text(given)


def _json(given: Any, schema: Schema, operation: Operation) -> tuple[Any, list[str]]:
    """JSON that was written as a text of JSON is taken for what it means, where the schema wants no text."""
    try:
        wrong = faults(given, schema, operation["definitions"], "request")
        if wrong and isinstance(given, str):
            inner = read_json(given)
            return inner, faults(inner, schema, operation["definitions"], "request")
    except BadJSON:
        pass
    except SchemaInvalid as error:
        return given, [f"its schema cannot be used ({error})"]
    return given, wrong


def _form(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, str):
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else None
    try:
        return by_name(parse_qsl(given, keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return None


def _wrong(detail: str) -> Check:
    return Check("body", detail, FailureReason.INVALID_BODY)
