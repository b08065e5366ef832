"""The base of the dialect's endpoints: who asks, and what they sent. The rest is that of every endpoint (evalhub.accounts.endpoint)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.access import CHALLENGE, Grant, key_grant
from evalhub.accounts.endpoint import Endpoint, Scope
from evalhub.accounts.selectors import bearer_token
from evalhub.common.problems import Problem
from runs.api.durable.parsing import StrictJSON, read_body, read_query
from runs.api.durable.shapes.base import Asked, Sent, Told

__all__ = ["DurableEndpoint", "Op", "Scope"]

HEADER = "X-Sapient-Api-Key"
HOW_TO = f"Send an API key in the header `{HEADER}`, or as `Authorization: Bearer sk_…`; `evalhub create-key NAME` makes one."


class Key(BaseAuthentication):
    """A key in either header. An empty one counts as none."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Grant]:
        token = request.headers.get(HEADER, "").strip() or bearer_token(request.headers.get("Authorization", ""))
        if not token:
            raise Problem(401, HOW_TO, headers=CHALLENGE)
        return AnonymousUser(), key_grant(f"Bearer {token}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Op:
    """One method of a path, as the contract describes it. `refusals` are sentences by status that only this one has."""

    id: str
    summary: str
    answer: type[Told]
    scope: Scope | None = Scope.READ
    open: bool = False
    body: type[Sent] | tuple[type[Sent], ...] | None = None
    query: type[Asked] | None = None
    refusals: Mapping[int, str] | None = None


class DurableEndpoint(Endpoint):
    """A path of the dialect. `ops` says what its methods do; one with a body finds it in `sent`, one with a query in `asked`."""

    ops: ClassVar[Mapping[str, Op]] = {}
    authentication_classes: Sequence[type[BaseAuthentication]] = (Key,)
    parser_classes = (StrictJSON,)
    sent: Any
    asked: Any

    @property
    def needed_scope(self) -> Scope | None:
        op = self._op(self.request)
        return op.scope if op else None

    def _op(self, request: Request) -> Op | None:
        """What is asked; HEAD asks what GET does. None for a method that the path does not have."""
        return self.ops.get("GET" if request.method == "HEAD" else request.method or "")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        with _no_place_in_headers():
            super().initial(request, *args, **kwargs)
        op = self._op(request)
        if op and op.query:
            self.asked = read_query(op.query, request)
        if op and op.body:
            self.sent = self.read(op.body, request)

    def read(self, shape: type[Sent] | tuple[type[Sent], ...], request: Request) -> Sent:
        """The body as a model. A path that takes several shapes says here which one it is."""
        assert not isinstance(shape, tuple)  # noqa: S101
        return read_body(shape, request)


@contextmanager
def _no_place_in_headers() -> Iterator[None]:
    """The contract's 422 points into body, path or query. What is wrong with a header is a 400 here."""
    try:
        yield
    except Problem as problem:
        if problem.status == 422 and any(str(item.get("location", "")).startswith("header") for item in problem.errors):
            raise Problem(400, problem.detail, headers=problem.headers) from None
        raise


def told(body: Told) -> Response:
    """200, which is success here."""
    return Response(body.body())
