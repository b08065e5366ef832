"""What one request may do: a key or a signed-in person becomes a Grant, for the endpoints of the API and for its event stream alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, cast

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import CSRFCheck

from evalhub.accounts.middleware import memberships_put
from evalhub.accounts.models import ApiKey, Membership, Project
from evalhub.accounts.selectors import KEY, Right, api_key_find, api_key_has_expired, bearer_token, key_scopes, member_scopes, person
from evalhub.accounts.throttle import request_count
from evalhub.common.problems import Problem, wrong_host

Scope = ApiKey.Scope
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="evalhub"'}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
UNKNOWN = "This API key is unknown here, or it was revoked."
EXPIRED = "This API key has expired; an owner of its project can make a new one."
HOW_TO = "Send an API key in the header `Authorization: Bearer sk_…`; `evalhub create-key NAME` makes one."


@dataclass(frozen=True, slots=True)
class Grant:
    """`identity` is the key or person behind the request, as text; `holder` says the same to people. Every answer carries `headers`."""

    project: Project
    scopes: frozenset[str]
    identity: str
    holder: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def right(self, scope: Scope) -> Right:
        """What to ask `rights_held` about later."""
        return Right(self.identity, self.project.pk, str(scope))

    def require(self, scope: Scope) -> None:
        """Raises a 403 Problem when the scope is not among those held."""
        if scope not in self.scopes:
            held = ", ".join(sorted(self.scopes))
            detail = f"This needs the scope {scope}; {self.holder} has {held}."
            raise Problem(403, detail, headers=self.headers, required_scope=str(scope))


def admitted(grant: Grant, needed: Scope | None) -> Grant:
    """Count a request of the grant's holder, for a method that needs this scope. Raises a 429 Problem."""
    return replace(grant, headers=request_count(grant.identity, starts_run=needed == Scope.RUN))


def key_grant(authorization: str) -> Grant:
    """What the key of an Authorization header may do; a key without scopes may do everything. Raises a 401 Problem."""
    token = bearer_token(authorization)
    if not token:
        raise Problem(401, HOW_TO, headers=CHALLENGE)
    key = api_key_find(token)
    if key is None:
        raise Problem(401, EXPIRED if api_key_has_expired(token) else UNKNOWN, headers=CHALLENGE)
    return Grant(project=key.project, scopes=key_scopes(key.scopes), identity=f"{KEY}:{key.pk}", holder="this key")


def session_grant(request: HttpRequest) -> Grant:
    """What the person of a session may do, in the project that their pages show. Needs the session, user and project middlewares.

    Raises a Problem: 401 when nobody is signed in, 403 when they are in no project, or when another site may have sent the request.
    """
    if not request.user.is_authenticated:
        raise Problem(401, HOW_TO, headers=CHALLENGE)
    if request.method not in SAFE_METHODS:
        _refuse_forgery(request)
    membership = cast(Membership | None, request.membership)  # type: ignore[attr-defined]
    if not membership:
        raise Problem(403, "You are not a member of any project; an owner of one can add you.")
    holder = f"the role {membership.role} in {membership.project}"
    return Grant(project=membership.project, scopes=member_scopes(membership), identity=person(request.user), holder=holder)


def _refuse_forgery(request: HttpRequest) -> None:
    """Raises a 403 Problem unless one of our own pages sent the request: a browser adds the session's cookie to anybody's."""
    check = CSRFCheck(lambda _: HttpResponse())
    check.process_request(request)
    if reason := cast(str | None, check.process_view(request, lambda _: HttpResponse(), (), {})):
        advice = "Send the value of the cookie `csrftoken` in the header `X-CSRFToken`, or use an API key instead of a session."
        raise Problem(403, f"{reason.rstrip('.')}. {advice}")


def stream_grant(scope: Mapping[str, Any], needed: Scope) -> Grant:
    """What the sender of an ASGI request may do, for applications that stand beside Django's; all answers must carry its `headers`.

    Reads the database, and counts as one request. Raises a Problem: 400, 401, 403, 429.
    """
    request = ASGIRequest(dict(scope), BytesIO())
    try:
        request.get_host()
    except DisallowedHost:
        raise Problem(400, wrong_host(request)) from None
    grant = admitted(_sender(request), needed)
    grant.require(needed)
    return grant


def _sender(request: HttpRequest) -> Grant:
    if (header := request.headers.get("Authorization")) is not None:
        return key_grant(header)
    SessionMiddleware(lambda _: HttpResponse()).process_request(request)
    AuthenticationMiddleware(lambda _: HttpResponse()).process_request(request)
    memberships_put(request)
    return session_grant(request)
