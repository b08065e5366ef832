"""Errors of the API as `application/problem+json`: their shape, and the exception that becomes one.

Everything under /api/ answers errors with these. Raise `Problem` in endpoints; `evalhub.api` turns it into a response. Plain Django.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

CONTENT_TYPE = "application/problem+json"
CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "rate_limited",
    500: "internal",
    503: "unavailable",
}
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}  # of RFC 9110, where the names that Python knows depend on its version
UNREADABLE = "The request could not be read."
WRONG_HOST = (
    "This server does not answer to the name {host!r}. Use one from its EVALHUB_ALLOWED_HOSTS in the address, or add this one there."
)
SHOWN_LENGTH = 100
AWAY_RETRY_SECONDS = 5
_SECRET_NAME = re.compile(r"secret|password|(?<!max_)token|authorization|(^|_|\.)api_?key", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"\b(sk[-_]|Bearer\s+)\S+|(?<=://)[^/@\s]+@")


class Problem(Exception):
    """The request cannot be answered as asked; `detail` is the sentence its sender reads, `members` are further keys of the body."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        code: str = "",
        headers: Mapping[str, str] | None = None,
        **members: str,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.code = status, detail, errors, code
        self.headers, self.members = headers or {}, members

    def body(self) -> dict[str, Any]:
        return problem(self.status, self.detail, errors=self.errors, code=self.code) | self.members


def problem(status: int, detail: str, *, errors: Sequence[Mapping[str, Any]] = (), code: str = "", instance: str = "") -> dict[str, Any]:
    """The body of a problem. The sentence stands under three names, since clients read different ones."""
    return {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "message": detail,
        "error": detail,
        "code": code or CODES.get(status, "error"),
        "errors": list(errors),
        **({"instance": instance} if instance else {}),
    }


def error_item(location: str, message: str, *, value: Any = None, code: str = "invalid") -> dict[str, Any]:
    """One entry of `errors`. `location` is such as `body.messages[0].role`; `field` is the same without its first part."""
    field = location.partition(".")[2] or location
    return {"location": location, "field": field, "message": message, "value": shown(value, field), "code": code}


def shown(value: Any, field: str = "") -> Any:
    """What may be repeated to the sender: short, no containers, and nothing that looks like a secret (answers end up in logs)."""
    if value is not None and _SECRET_NAME.search(field):
        return "(hidden)"
    if isinstance(value, Mapping):
        return f"an object with {len(value)} keys"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) >= 2**53:
        value = str(value)
    if not isinstance(value, str):
        return value
    text = _SECRET_TEXT.sub("(hidden)", value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def invalid(location: str, message: str, *, value: Any = None, code: str = "invalid", status: int = 422) -> Problem:
    """A problem with exactly one wrong place in the request."""
    return Problem(status, message, errors=[error_item(location, message, value=value, code=code)])


def not_found(location: str, what: str, name: str, *, where: str = "in this project") -> Problem:
    """404 that names the thing. The same sentence whether it is not there or not yours, so that nobody learns what others have."""
    message = f"There is no {what} {shown(name)!r} {where}."
    return Problem(404, message, errors=[error_item(location, message, value=name, code="not_found")], resource=what)


def wrong_host(request: HttpRequest) -> str:
    """The sentence for Django's DisallowedHost, whose own is for the log."""
    return WRONG_HOST.format(host=shown(request.META.get("HTTP_HOST", "")))


def database_away() -> Problem:
    """For a request whose database is away, full or locked: nothing is wrong with what was sent."""
    sentence = f"The database does not answer at the moment. Try again in {AWAY_RETRY_SECONDS} s."
    return Problem(503, sentence, headers={"Retry-After": str(AWAY_RETRY_SECONDS)})


def problem_response(status: int, detail: str, *, code: str = "") -> HttpResponse:
    """A problem for code outside of REST framework's views."""
    return JsonResponse(problem(status, detail, code=code), status=status, content_type=CONTENT_TYPE)


@csrf_exempt
def unknown_path(request: HttpRequest, path: str = "") -> HttpResponse:
    """The answer for every API path that no endpoint has: JSON, whatever the method."""
    return problem_response(404, f"The API has no path {shown(request.path)}.", code="unknown_path")
