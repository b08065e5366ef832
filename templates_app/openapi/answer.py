"""The request that a model wrote, out of the text it answered with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from evalhub.common.extract import json_objects
from evalhub.common.jsontext import BadJSON, refuse_odd_values
from templates_app.reasons import FailureReason

LONGEST_PATH = 4000
MOST_ENTRIES = 200  # of a query, of headers, of cookies


class NoRequest(ValueError):
    """There is no request in an answer; `reason` is no_answer or invalid_request, the message a sentence."""

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class WrittenRequest:
    """As the model wrote it, variables as {{NAME}}. Values of `query`, `headers` and `cookies` are JSON; a body of null is none."""

    method: str
    path: str
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, Any] = field(default_factory=dict)
    body: Any = None

    def as_json(self) -> dict[str, Any]:
        """What is kept with a trial and shown; parts that are empty are left out."""
        told = {"method": self.method, "path": self.path, "query": self.query, "headers": self.headers, "cookies": self.cookies}
        return {key: value for key, value in told.items() if value != {}} | ({} if self.body is None else {"body": self.body})


def written_request(text: str) -> WrittenRequest:
    """The last JSON object of an answer that has a method or a path. Raises NoRequest."""
    if not text.strip():
        raise NoRequest(FailureReason.NO_ANSWER, "The answer is empty.")
    found = list(json_objects(text))
    if not found:
        raise _invalid("The answer has no JSON object in it.")
    given = next((each for each in reversed(found) if "method" in each or "path" in each), found[-1])
    try:
        refuse_odd_values(given)
    except BadJSON as error:
        raise _invalid(f"The request cannot be read: {error}") from None
    return _read(given)


def _read(given: dict[str, Any]) -> WrittenRequest:
    method, path = given.get("method"), given.get("path")
    if not isinstance(method, str) or not method.strip():
        raise _invalid("The request has no method, such as GET.")
    if not isinstance(path, str) or not path.strip():
        raise _invalid("The request has no path, such as /items.")
    if len(path) > LONGEST_PATH:
        raise _invalid(f"The path has {len(path):,} characters; at most {LONGEST_PATH:,} are sent.")
    query, headers, cookies = _entries(given)
    return WrittenRequest(method.strip().upper()[:20], path.strip(), query, headers, cookies, given.get("body"))


def _entries(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for key in ("query", "headers", "cookies"):
        value = given.get(key)
        if value is not None and not isinstance(value, dict):
            raise _invalid(f"{key} must be an object of names and values.")
        if value and len(value) > MOST_ENTRIES:
            raise _invalid(f"{key} has {len(value)} entries; at most {MOST_ENTRIES} are sent.")
        yield value or {}


def _invalid(message: str) -> NoRequest:
    return NoRequest(FailureReason.INVALID_REQUEST, message)
