"""The base of every API endpoint: who asks, for which project, and what they may do. API modules subclass it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, cast

from django.http import HttpRequest, HttpResponseBase
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.accounts.access import Grant, Scope, admitted
from evalhub.accounts.idempotency import HEADER, answer_once, checked_key, fingerprint
from evalhub.accounts.models import IdempotencyRecord, Project
from evalhub.common.describing import Operation
from evalhub.common.parsing import Body, parse

__all__ = ["Endpoint", "OnlyJSON", "Scope"]


class OnlyJSON(BaseContentNegotiation):
    """Answers JSON whatever Accept says: a client that forgot the header is helped more by its answer than by a 406."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Endpoint(APIView):
    """A resource of a project. `scopes` says which scope each method asks for; a method without an entry is none of this path's.

    `operations` says what each method is sent: its body is checked before the method is called, which finds it in `given`.
    """

    scopes: ClassVar[Mapping[str, Scope]] = {}
    operations: ClassVar[Mapping[str, Operation]] = {}
    given: dict[str, Any]
    remembered: ClassVar[frozenset[str]] = frozenset({"POST", "PUT", "PATCH"})
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    content_negotiation_class = OnlyJSON
    metadata_class = None

    @property
    def grant(self) -> Grant:
        return cast(Grant, self.request.auth)

    @property
    def project(self) -> Project:
        return self.grant.project

    @property
    def needed_scope(self) -> Scope | None:
        """None where the path does not have the method: 405 says so later."""
        return self.scopes.get("GET" if self.request.method == "HEAD" else self.request.method or "")

    def query(self, shape: type[Body]) -> dict[str, Any]:
        """The query's keys that `shape` knows."""
        return parse(shape, self.request.query_params.dict(), prefix="query")

    def perform_authentication(self, request: Request) -> None:
        """Who asks, and whether they ask too often; then every answer says how often they still may."""
        super().perform_authentication(request)
        request.auth = admitted(cast(Grant, request.auth), self.needed_scope)
        self.headers |= request.auth.headers

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who asks, whether they may, and what was sent; then, for every method that changes something, whether it was done before.

        A large body takes a while to check, and in the transaction of `_once` others would wait meanwhile.
        """
        super().initial(request, *args, **kwargs)
        name = (request.method or "").lower()
        key = checked_key(request.headers.get(HEADER)) if request.method in self.remembered else ""
        operation = self.operations.get(request.method or "")
        if operation and operation.body:
            self.given = parse(operation.body, request.data)
        if key and (handler := getattr(self, name, None)):
            setattr(self, name, partial(self._once, key, handler))  # a view lives for one request

    def _once(self, key: str, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = IdempotencyRecord(
            project=self.project,
            holder=self.grant.identity,
            key=key,
            method=request.method or "",
            path=request.get_full_path(),
            fingerprint=fingerprint(request.data),  # reads the body, so that a slow sender cannot keep the transaction open
        )
        return answer_once(asked, partial(handler, request, *args, **kwargs))

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        # A chunked body has no Content-Length, which REST framework takes for "no body" and drops without a word.
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            request.META["CONTENT_LENGTH"] = "1"
        return super().initialize_request(request, *args, **kwargs)
