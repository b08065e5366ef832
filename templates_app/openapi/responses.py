"""A server's response against what its operation documents: the status, the kind of body, and its schema."""

from collections.abc import Mapping

from evalhub.common.jsontext import BadJSON, read_json
from templates_app.openapi import media
from templates_app.openapi.checks import Check
from templates_app.openapi.snapshot import Answer, Operation, Schema
from templates_app.openapi.validation import SchemaInvalid, faults
from templates_app.reasons import FailureReason

REFUSED = (401, 403)
BODILESS = (204, 205, 304)


def check_response(operation: Operation, status: int, headers: Mapping[str, str], body: bytes) -> list[Check]:
    """The checks of a response. Its body is only looked at when the status is a success that is documented."""
    checked = _status(operation, status)
    if not checked.passed:
        return [checked]
    return [checked, *_body(operation, status, _header(headers, "content-type"), body)]


def documented(operation: Operation, status: int) -> Answer | None:
    """What the operation says of a status: itself, its range, or the default."""
    responses = operation["responses"]
    return responses.get(str(status)) or responses.get(f"{status // 100}XX") or responses.get("default")


def _status(operation: Operation, status: int) -> Check:
    """Where no success is documented, any will do."""
    successes = [each for each in operation["responses"] if each.startswith("2")]
    if 200 <= status < 300 and (not successes or str(status) in successes or "2XX" in successes):
        return Check("status", f"The status is {status}.")
    if status in REFUSED:
        return Check("status", f"The server refused the credentials: the status is {status}.", FailureReason.AUTH)
    wanted = " or ".join(successes) or "one of 200 to 299"
    return Check("status", f"The status is {status}; expected is {wanted}.", FailureReason.STATUS_MISMATCH)


def _body(operation: Operation, status: int, content_type: str, body: bytes) -> list[Check]:
    answer = documented(operation, status)
    if operation["method"] == "HEAD" or status in BODILESS or not answer or not answer["content"]:
        return []
    if not body:
        return [Check("content_type", "The response is empty, where a body is documented.", FailureReason.INVALID_RESPONSE)]
    name = media.best_match(content_type, answer["content"]) if content_type else next(iter(answer["content"]))
    if name is None:
        told = f"The response is {media.bare(content_type)}; documented is {', '.join(answer['content'])[:200]}."
        return [Check("content_type", told, FailureReason.INVALID_RESPONSE)]
    fits = Check("content_type", f"The response is {media.bare(content_type) or 'of no named type'}.")
    kind = media.kind(content_type or name)
    if kind != media.JSON:
        return [fits]
    return _json(fits, answer["content"][name], operation, body)


def _json(fits: Check, schema: Schema, operation: Operation, body: bytes) -> list[Check]:
    try:
        wrong = faults(read_json(body), schema, operation["definitions"], "response")
    except BadJSON as error:
        return [Check("content_type", f"The response is no JSON that can be read. {error}", FailureReason.INVALID_RESPONSE)]
    except SchemaInvalid as error:
        return [fits, Check("schema", f"The schema cannot be used: {error}", FailureReason.INTERNAL)]
    faulty = [Check("schema", f"The body does not fit: {fault}.", FailureReason.SCHEMA_MISMATCH) for fault in wrong]
    return [fits, *(faulty or [Check("schema", "The body fits its schema.")])]


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")
