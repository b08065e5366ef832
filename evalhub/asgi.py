"""Where a connection goes: event streams and WebSockets to runs.live, everything else to Django."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import re_path

from evalhub.places import bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
django_application = bounded(get_asgi_application(), settings.ENV.web_concurrency)  # before anything that imports models

from runs.live.routing import http_patterns, websocket_patterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": URLRouter([*http_patterns, re_path(r"", django_application)]),  # type: ignore[arg-type]
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_patterns))),
    }
)
