"""Whether the server answers, whose key it is, and the document of the dialect."""

from importlib.metadata import version
from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from runs.api.durable.document import document
from runs.api.durable.endpoint import DurableEndpoint, Op, told
from runs.api.durable.shapes.common import AuthStatus, Status


class Open(DurableEndpoint):
    """A path for everybody: no key is asked for, and one that is sent is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def perform_authentication(self, request: Request) -> None:
        """Nobody is counted."""


class ServerStatus(Open):
    """GET /v1/status"""

    ops = {"GET": Op(id="status_get", summary="Whether the server answers.", answer=Status, scope=None, open=True)}

    def get(self, request: Request) -> Response:
        return told(Status(status="ok", version=version("evalhub")))


class KeyStatus(DurableEndpoint):
    """GET /v1/auth/status"""

    ops = {"GET": Op(id="auth_status_get", summary="Whose key this is, and what it may do.", answer=AuthStatus, scope=None)}

    def get(self, request: Request) -> Response:
        scopes = sorted(self.grant.scopes)
        return told(AuthStatus(authenticated=True, project_id=str(self.project.pk), project=self.project.name, scopes=scopes))


class Document(Open):
    """GET /v1/openapi.json, which does not describe itself."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(document())
