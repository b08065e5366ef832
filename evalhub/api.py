"""REST framework plumbing, named in settings by string: who asks, what their key may do, how bodies are read, how errors are told.

Endpoints subclass `evalhub.accounts.endpoint.Endpoint`; nothing imports this module.
"""

import logging
import sys
import uuid
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import NON_FIELD_ERRORS, DisallowedHost, PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.access import Grant, key_grant, session_grant
from evalhub.common.details import detail_body, detail_response, is_ours, nowhere
from evalhub.common.jsontext import BadJSON, read_json
from evalhub.common.parsing import location, read_bounded
from evalhub.common.problems import (
    CONTENT_TYPE,
    UNREADABLE,
    Problem,
    database_away,
    error_item,
    shown,
    unknown_path,
    wrong_host,
)

if TYPE_CHECKING:  # while REST framework imports its views it reads the settings that import this module
    from rest_framework.views import APIView

logger = logging.getLogger("evalhub.api")

API_ROOT = "/api/"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_…`. A wrong header is an error, whoever is signed in; there is no user behind a key."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Grant] | None:
        header = request.headers.get("Authorization")
        return None if header is None else (AnonymousUser(), key_grant(header))


class PersonAuthentication(BaseAuthentication):
    """The session of somebody who signed in to the pages, for requests without an Authorization header."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser | AnonymousUser, Grant]:
        return request._request.user, session_grant(request._request)


class HasScope(BasePermission):
    """The grant of the request must hold the scope that the endpoint names for the method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, Grant) and (needed := getattr(view, "needed_scope", None)):
            request.auth.require(needed)
        return True


class BoundedJSONParser(BaseParser):
    """Strict JSON, read up to settings.MAX_BODY_BYTES and not a byte further, whatever Content-Length claims."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        raw = read_bounded(stream)
        if not raw.strip():
            return {}
        try:
            return read_json(raw)
        except BadJSON as error:
            raise _refused_body(error) from None


def _refused_body(error: BadJSON) -> Problem:
    if error.path is None:
        return Problem(400, f"The body cannot be read. {error}")
    place = location("body", error.path)
    return Problem(422, f"{place}: {error}", errors=[error_item(place, str(error))])


def problem_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Any exception of an endpoint as a problem. One that nobody foresaw is logged under an id that the answer carries."""
    known = exc if isinstance(exc, Problem) else _as_problem(exc, context)
    request = context.get("request")
    if request is not None and is_ours(request.path):
        return Response(detail_body(known), status=known.status, headers=dict(known.headers), content_type="application/json")
    return Response(known.body(), status=known.status, headers=dict(known.headers), content_type=CONTENT_TYPE)


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
    return _broken(exc)


def _refused(exc: DjangoValidationError) -> Problem:
    """What a service refuses names the field; it came with the body."""
    named = exc.message_dict if hasattr(exc, "error_dict") else {NON_FIELD_ERRORS: exc.messages}
    items = [
        error_item("body" if field == NON_FIELD_ERRORS else f"body.{field}", message)
        for field, messages in named.items()
        for message in messages
    ]
    return Problem(422, f"{items[0]['location']}: {items[0]['message']}", errors=items)


def _broken(exc: Exception) -> Problem:
    if _is_outage(exc):
        logger.warning("A request found no database: %s", " ".join(str(exc).split()))
        return database_away()
    return _unforeseen(exc)


def _is_outage(exc: BaseException) -> bool:
    from runs.engine.outage import is_outage  # needs Django's settings, which import this module

    return is_outage(exc)


def _unforeseen(exc: BaseException | None) -> Problem:
    reference = uuid.uuid4()
    logger.error("An endpoint broke (%s)", reference, exc_info=exc or True)
    return Problem(500, f"EvalHub itself failed. The server's log has the details under {reference}.", instance=reference.urn)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: what Django refuses before any view runs."""
    if _is_api(request):
        return _told(request, Problem(400, wrong_host(request) if isinstance(exception, DisallowedHost) else UNREADABLE))
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403"""
    if _is_api(request):
        return _told(request, Problem(403, "This is not allowed."))
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: JSON for the two dialects of the API, the page elsewhere."""
    if _is_api(request):
        return nowhere(request) if is_ours(request.path) else unknown_path(request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: for exceptions outside of endpoints, in middleware or a page. Django has logged it already.

    While the database is away that is all there is to say, to clients and to people; both are told when to try again.
    """
    error = sys.exc_info()[1]  # Django calls this while it handles the exception, and hands it over in no other way
    away = database_away() if error and _is_outage(error) else None
    if _is_api(request):
        return _told(request, away or Problem(500, "EvalHub itself failed. The server's log has the details."))
    if away:
        return HttpResponse(render_to_string("503.html"), status=503, headers=dict(away.headers))
    return defaults.server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_ROOT) or is_ours(request.path)


def _told(request: HttpRequest, problem: Problem) -> HttpResponse:
    """A problem in the form of the dialect that the request came in."""
    if is_ours(request.path):
        return detail_response(problem)
    return JsonResponse(problem.body(), status=problem.status, headers=dict(problem.headers), content_type=CONTENT_TYPE)
