"""Paths of the pages of this room."""

from django.urls import path
from django.views.generic import RedirectView

from agents.providers import views as providers

urlpatterns = [
    path("settings/providers/", providers.provider_list, name="settings-providers"),
    path("settings/providers/<uuid:provider_id>/", providers.provider, name="provider"),
    # Where they were before they became a part of the settings.
    path("providers/", RedirectView.as_view(pattern_name="settings-providers")),
    path("providers/<uuid:provider_id>/", RedirectView.as_view(pattern_name="provider")),
]
