"""Paths of the pages of this room."""

from django.urls import path
from django.views.generic import RedirectView

from agents.coding import views as coding
from agents.providers import price_views
from agents.providers import views as providers

urlpatterns = [
    path("settings/providers/", providers.provider_list, name="settings-providers"),
    path("settings/providers/new", providers.provider_new, name="provider-new"),
    path("settings/providers/test", providers.provider_test, name="provider-test"),
    path("settings/providers/<uuid:provider_id>/", providers.provider, name="provider"),
    path("settings/providers/<uuid:provider_id>/edit", providers.provider_edit, name="provider-edit"),
    path("settings/providers/<uuid:provider_id>/delete", providers.provider_end, name="provider-delete"),
    path("settings/prices/", price_views.prices, name="settings-prices"),
    path("settings/prices/<uuid:price_id>/delete", price_views.price_end, name="settings-price-delete"),
    path("settings/coding-agents/", coding.harness_list, name="settings-coding-agents"),
    path("settings/coding-agents/new", coding.harness_new, name="coding-agent-new"),
    path("settings/coding-agents/check", coding.harness_check, name="coding-agent-check"),
    path("settings/coding-agents/<uuid:harness_id>/", coding.harness, name="coding-agent"),
    path("settings/coding-agents/<uuid:harness_id>/delete", coding.harness_end, name="coding-agent-delete"),
    # Where they were before they became a part of the settings.
    path("providers/", RedirectView.as_view(pattern_name="settings-providers")),
    path("providers/<uuid:provider_id>/", RedirectView.as_view(pattern_name="provider")),
]
