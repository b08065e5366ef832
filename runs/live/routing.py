"""Addresses that Django's views do not serve: the event stream of the API and the WebSockets of the pages."""

from django.urls import path, re_path

from runs.live.consumers import RunConsumer
from runs.live.list_consumer import ListConsumer
from runs.live.sse import events

http_patterns = [re_path(r"^api/v1/eval-runs/(?P<run_id>[^/]+)/events$", events)]  # type: ignore[arg-type]  # an ASGI application, which URLRouter takes
websocket_patterns = [
    path("ws/runs/<uuid:run_id>/", RunConsumer.as_asgi()),
    path("ws/projects/<uuid:project_id>/runs/", ListConsumer.as_asgi()),
]
