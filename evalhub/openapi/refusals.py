"""Which errors an operation can answer, and the headers of its answers."""

from collections.abc import Mapping
from typing import Any

from evalhub.common.describing import Operation
from evalhub.common.problems import CONTENT_TYPE

Schema = dict[str, Any]
WRITING = frozenset({"POST", "PUT", "PATCH"})
EVERYWHERE = {
    500: "EvalHub itself failed. The sentence names an id, under which the server's log has the details.",
    503: "The database does not answer. `Retry-After` says how many seconds to wait.",
}
WITH_KEY = {
    401: "No API key and no session, or a key that is unknown or revoked.",
    403: "The key or the role may not do that (`required_scope` says what it lacks).",
    429: "Too many requests of one key. `Retry-After` says how many seconds to wait.",
}
WITH_BODY = {
    400: "The body cannot be read: it is no JSON, or the connection broke.",
    409: "The `Idempotency-Key` was used for another request, or the request contradicts what is there.",
    413: "The body is larger than this server reads.",
    415: "The body is not `application/json`.",
}
WITH_INPUT = {422: "The request is well-formed, and something in it is wrong. `errors` points at every place."}
WITH_NAME = {404: "What the path names is not there, or belongs to another project."}
COMMON = {
    400: "Unreadable",
    401: "Unauthenticated",
    403: "Forbidden",
    413: "TooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalError",
    503: "Unavailable",
}

RATE_HEADERS: Mapping[str, Schema] = {
    "X-RateLimit-Limit": {"description": "Requests that one key may make in a window.", "schema": {"type": "integer"}},
    "X-RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "X-RateLimit-Reset": {"description": "When the window ends, in unix seconds.", "schema": {"type": "integer"}},
}
RETRY_AFTER: Schema = {"description": "Whole seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}
CHALLENGE: Schema = {"description": '`Bearer realm="evalhub"`', "required": True, "schema": {"type": "string"}}
REPLAYED: Schema = {
    "description": "`true` when this is the answer that an earlier request with the same `Idempotency-Key` got.",
    "schema": {"type": "string", "enum": ["true"]},
}


def refusals(operation: Operation, method: str, *, is_public: bool, has_path: bool) -> dict[int, str]:
    """status -> when, for everything but success."""
    found = dict(EVERYWHERE)
    if not is_public:
        found |= WITH_KEY
    if method in WRITING:
        found |= WITH_BODY | WITH_INPUT
    if operation.query:
        found |= WITH_INPUT
    if has_path:
        found |= WITH_NAME
    return dict(sorted((found | dict(operation.refusals)).items()))


def refusal(status: int, when: str, example: Schema | None, *, is_public: bool) -> Schema:
    """The response object of an error."""
    headers = {} if is_public or status in (401, 500, 503) else dict(RATE_HEADERS)
    if status in (429, 503):
        headers["Retry-After"] = RETRY_AFTER
    if status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    content: Schema = {"schema": {"$ref": "#/components/schemas/ErrorModel"}}
    if example:
        content["example"] = example
    return {"description": when, "content": {CONTENT_TYPE: content}, **({"headers": headers} if headers else {})}


def component_name(status: int, when: str) -> str:
    """The name under which every operation refers to an error that is the same everywhere; none for an error of one operation's own."""
    return COMMON[status] if status in COMMON and when == (EVERYWHERE | WITH_KEY | WITH_BODY).get(status) else ""


def success_headers(operation: Operation, method: str, *, is_public: bool) -> Schema:
    """Headers of the answer of a request that was done."""
    headers: Schema = {} if is_public else dict(RATE_HEADERS)
    if method in WRITING:
        headers["Idempotent-Replayed"] = REPLAYED
    named = {name: {"description": about, "required": True, "schema": {"type": "string"}} for name, about in operation.headers.items()}
    return headers | named
