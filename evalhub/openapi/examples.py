"""A true example of each error: what this server answers to a request that goes wrong in that way."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evalhub.common.describing import Operation
from evalhub.common.parsing import Body, parse
from evalhub.common.problems import Problem, database_away, invalid, not_found

PROBLEMS = {
    400: Problem(400, "The body cannot be read. It is not JSON: Expecting value (line 1, column 16)."),
    401: Problem(401, "Send an API key in the header `Authorization: Bearer sk_…`; `evalhub create-key NAME` makes one."),
    403: Problem(403, "This needs the scope run; this key has read.", required_scope="run"),
    413: Problem(413, "The body is larger than 8,388,608 bytes, which is the most this server reads."),
    415: Problem(415, "Send JSON with the header `Content-Type: application/json`, not text/plain."),
    429: Problem(429, "Too many requests: one key or person may send 3,000 per minute. Try again in 12 s."),
    500: Problem(
        500,
        "EvalHub itself failed. The server's log has the details under 5d1c7f0a-2b1e-4c57-9d8e-0f6f4c1f7a33.",
        instance="urn:uuid:5d1c7f0a-2b1e-4c57-9d8e-0f6f4c1f7a33",
    ),
    503: database_away(),
}
OF_PATHS = {"agentId": ("path.agent", "agent"), "runId": ("path.run_id", "run"), "templateId": ("path.template_id", "evaluation template")}


def example_of(status: int, operation: Operation, method: str, path: str) -> dict[str, Any] | None:
    """The problem that an operation answers with this status; None where only its sentence can tell."""
    if status == 404:
        return _missing(operation, path)
    if status == 409:
        return _used_before(method, _filled(operation, path))
    if status == 422:
        return next(_refusals(operation), None)
    return PROBLEMS[status].body() if status in PROBLEMS else None


def _filled(operation: Operation, path: str) -> str:
    for name, value in (operation.example.path if operation.example else {}).items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _missing(operation: Operation, path: str) -> dict[str, Any] | None:
    given = operation.example.path if operation.example else {}
    found = (not_found(*OF_PATHS[name], value).body() for name, value in given.items() if name in OF_PATHS and f"{{{name}}}" in path)
    return next(found, None)


def _used_before(method: str, path: str) -> dict[str, Any]:
    when = "2026-03-03 09:00:00 UTC"
    sentence = f"This Idempotency-Key was first used for {method} {path} at {when}; it cannot be used for another body. Send a new key."
    return invalid("header.Idempotency-Key", sentence, value="order-4711", code="conflict", status=409).body()


def _refusals(operation: Operation) -> Iterator[dict[str, Any]]:
    """What the operation's own parser says of values of a wrong kind, one after the other."""
    if operation.body and operation.example:
        sent: Mapping[str, Any] = operation.example.body
        # A body that has no keys refuses the first.
        yield from _refused(operation.body, [{**sent, name: []} for name in sent] or [{"force": True}], "body")
    elif operation.query:
        yield from _refused(operation.query, [{str(name): "many"} for name in operation.query().fields], "query")


def _refused(shape: type[Body], wrong: Iterable[Mapping[str, Any]], prefix: str) -> Iterator[dict[str, Any]]:
    for given in wrong:
        try:
            parse(shape, given, prefix=prefix)
        except Problem as problem:
            yield problem.body()
