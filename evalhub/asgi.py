"""Where a connection goes: event streams and WebSockets to runs.live, everything else to Django."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

from evalhub.places import bounded
from evalhub.probes import timed
from evalhub.unread import handed_out

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
django_application = get_asgi_application()  # before anything that imports models
EXPORTS = max(settings.ENV.web_concurrency // 8, 2)
PROBES = 2  # places of their own: how the process does is to be heard while all others are taken

from runs.live.routing import http_patterns, websocket_patterns  # noqa: E402

served = handed_out(bounded(django_application, settings.ENV.web_concurrency))
# Each with its own: what waits for a database that is away must not keep others from hearing that the process serves.
# Not handed out: an export of a whole history must not be made before its client takes it. A slow client holds a place of these few.
exported = bounded(django_application, EXPORTS)
exports = [re_path(r"^(?:runs/(?:[0-9a-f-]{36}/)?|prompts/)export\.", exported)]  # type: ignore[arg-type]
probed = [path(name, timed(handed_out(bounded(django_application, PROBES)))) for name in ("healthz", "readyz", "metrics")]  # type: ignore[arg-type]
application = ProtocolTypeRouter(
    {
        "http": URLRouter([*http_patterns, *probed, *exports, re_path(r"", served)]),  # type: ignore[arg-type]
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_patterns))),
    }
)
