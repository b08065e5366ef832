"""REST framework plumbing, named in settings by string: who asks, what their key may do, how bodies are read, how errors are told.

Endpoints subclass `evalhub.accounts.endpoint.Endpoint`; nothing imports this module.
"""

import json
import logging
import math
import uuid
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views import defaults
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.models import ApiKey
from evalhub.accounts.selectors import api_key_find, bearer_token
from evalhub.common.parsing import location
from evalhub.common.problems import CONTENT_TYPE, Problem, error_item, problem_response, shown, unknown_path

logger = logging.getLogger("evalhub.api")

API_ROOT = "/api/"
DEEPEST = 64
_TEXT_ENDS = ("\x00", "\ud800", "\udfff")


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_…`. The key is the request's `auth`; there is no user behind it."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey]:
        token = bearer_token(request.headers.get("Authorization", ""))
        if not token:
            raise exceptions.NotAuthenticated("Send an API key in the header `Authorization: Bearer sk_…`; `evalhub create-key NAME` makes one.")
        key = api_key_find(token)
        if key is None:
            raise exceptions.AuthenticationFailed("This API key is unknown here, or it was revoked.")
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="evalhub"'


class HasScope(BasePermission):
    """A key without scopes may do everything; one with scopes only what they name."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        needed = getattr(view, "scopes", {}).get("GET" if request.method == "HEAD" else request.method)
        held = request.auth.scopes
        if not held or needed is None or needed in held:  # no entry: the path does not have this method, and 405 says so
            return True
        detail = f"This needs a key with the scope {needed}; this one has {', '.join(map(str, held))}."
        raise Problem(403, detail, required_scope=str(needed))


class BoundedJSONParser(BaseParser):
    """Strict JSON, read up to settings.MAX_BODY_BYTES and not a byte further, whatever Content-Length claims."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        limit = settings.MAX_BODY_BYTES
        try:
            raw = stream.read(limit + 1)
        except UnreadablePostError as error:
            raise Problem(400, "The connection broke before the body was read.") from error
        if len(raw) > limit:
            raise Problem(413, f"The body is larger than {limit:,} bytes, which is the most this server reads.")
        if not raw.strip():
            return {}
        data = _loads(raw)
        _refuse_unstorable(data)
        return data


def _loads(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except json.JSONDecodeError as error:
        raise Problem(400, f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise Problem(400, f"The body is not JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number.")


def _too_deep() -> Problem:
    return Problem(400, f"The body is nested deeper than {DEEPEST} levels.")


def _refuse_unstorable(data: Any) -> None:
    """Valid JSON that no database takes (NUL, halves of surrogate pairs, 1e999) is refused here, with its place, and not as a 500 later."""
    for path, value in _leaves(data):
        bad_text = isinstance(value, str) and not _is_storable(value)
        if bad_text or (isinstance(value, float) and not math.isfinite(value)):
            message = "Has a character that cannot be stored (NUL or half of a surrogate pair)." if bad_text else "Is too large a number."
            place = location("body", tuple(part if isinstance(part, int) else _printable(part) for part in path))
            raise Problem(422, f"{place}: {message}", errors=[error_item(place, message)])


def _leaves(data: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every scalar and every key with its path. A stack, not recursion: depth is the sender's choice."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    while stack:
        path, value = stack.pop()
        if len(path) > DEEPEST:
            raise _too_deep()
        if isinstance(value, dict):
            yield from ((path, key) for key in value)
            stack.extend(((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            stack.extend(((*path, index), inner) for index, inner in enumerate(value))
        else:
            yield path, value


def _is_storable(text: str) -> bool:
    nul, first, last = _TEXT_ENDS
    return text.isascii() and nul not in text or not any(char == nul or first <= char <= last for char in text)


def _printable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def problem_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Any exception of an endpoint as a problem. One that nobody foresaw is logged under an id that the answer carries."""
    known = exc if isinstance(exc, Problem) else _as_problem(exc, context)
    headers = dict(known.headers)
    if challenge := getattr(exc, "auth_header", ""):
        headers["WWW-Authenticate"] = challenge
    return Response(known.body(), status=known.status, headers=headers, content_type=CONTENT_TYPE)


def _as_problem(exc: Exception, context: Mapping[str, Any]) -> Problem:
    if isinstance(exc, exceptions.UnsupportedMediaType):
        request: Request = context["request"]
        sent = shown(request.content_type) or "a body without a type"
        return Problem(415, f"Send JSON with the header `Content-Type: application/json`, not {sent}.")
    if isinstance(exc, exceptions.MethodNotAllowed):
        return Problem(405, f"{context['request'].method} is not possible on this path.")
    if isinstance(exc, exceptions.APIException):
        return Problem(exc.status_code, str(exc.detail))
    if isinstance(exc, DjangoValidationError):
        return _refused(exc)
    if isinstance(exc, Http404):
        return Problem(404, str(exc) or "There is nothing here.")
    if isinstance(exc, PermissionDenied):
        return Problem(403, str(exc) or "This key may not do that.")
    return _unforeseen(exc)


def _refused(exc: DjangoValidationError) -> Problem:
    """What a service refuses names the field; it came with the body."""
    named = exc.message_dict if hasattr(exc, "error_dict") else {"": exc.messages}
    items = [
        error_item(f"body.{field}" if field.strip("_al") else "body", message) for field, messages in named.items() for message in messages
    ]
    return Problem(422, f"{items[0]['location']}: {items[0]['message']}", errors=items)


def _unforeseen(exc: BaseException | None) -> Problem:
    reference = uuid.uuid4()
    logger.error("An endpoint broke (%s)", reference, exc_info=exc or True)
    return Problem(500, f"EvalHub itself failed. The server's log has the details under {reference}.", instance=reference.urn)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: what Django refuses before any view runs."""
    if request.path.startswith(API_ROOT):
        return problem_response(400, "The request could not be read.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403"""
    if request.path.startswith(API_ROOT):
        return problem_response(403, "This is not allowed.")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: JSON under /api/, the page elsewhere."""
    if request.path.startswith(API_ROOT):
        return unknown_path(request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: for exceptions outside of endpoints, in middleware for example. Django has logged it already."""
    if request.path.startswith(API_ROOT):
        return problem_response(500, "EvalHub itself failed. The server's log has the details.")
    return defaults.server_error(request)
