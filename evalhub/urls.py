"""The whole public map of HTTP pages and endpoints. The event stream and WebSockets are beside it, in asgi.py."""

from django.contrib import admin
from django.urls import include, path

from evalhub import health

urlpatterns = [
    path("healthz", health.healthz),
    path("admin/", admin.site.urls),
    path("", include("evalhub.accounts.urls")),
    path("api/v1/", include("runs.api.urls")),
    path("", include("runs.web.urls")),
]
