"""The whole public map of HTTP pages and endpoints. The event stream and WebSockets are beside it, in asgi.py."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from evalhub import health, metrics, styleguide
from evalhub.accounts.views import admin_door
from evalhub.common.details import nowhere

# Errors that Django answers itself: JSON for the API, a page for a browser.
handler400 = "evalhub.api.bad_request"
handler403 = "evalhub.api.permission_denied"
handler404 = "evalhub.api.page_not_found"
handler500 = "evalhub.api.server_error"

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("admin/login/", admin_door),
    path("admin/", admin.site.urls),
    path("", include("evalhub.accounts.urls")),
    path("", include("evalhub.openapi.urls")),
    path("api/v1/", include("runs.api.urls")),
    path("v1/", include("runs.api.durable.urls")),
    path("v1", nowhere),
    path("", include("agents.urls")),
    path("", include("agents.web.urls")),
    path("", include("templates_app.personas.urls")),
    path("", include("templates_app.prompts.urls")),
    path("", include("templates_app.sources.urls")),
    path("", include("templates_app.customs.urls")),
    path("", include("runs.web.agent_urls")),
    path("", include("templates_app.urls")),
    path("", include("runs.web.batches.urls")),
    path("", include("runs.web.urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("styleguide/", styleguide.styleguide, name="styleguide"))
