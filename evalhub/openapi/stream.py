"""The event stream, which is an ASGI application and no view (runs.live.sse): an endpoint in name only, for the document."""

from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.endpoint import Endpoint, Scope
from runs.api import described

PATH = "/api/v1/eval-runs/{run_id}/events"


class EventStream(Endpoint):
    scopes = {"GET": Scope.READ}
    operations = {"GET": described.STREAM}

    def get(self, request: Request) -> Response:
        raise NotImplementedError("asgi.py serves this path")
