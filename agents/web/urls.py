"""Paths of the pages that make and change agents. Those that show their runs too are in runs.web.agent_urls."""

from django.urls import path

from agents.web import views

urlpatterns = [
    path("agents/new/", views.agent_new, name="agent-new"),
    path("agents/preview/", views.agent_preview, name="agent-preview"),
    path("agents/<uuid:agent_id>/preview/", views.agent_preview, name="agent-preview-of"),
    path("agents/<uuid:agent_id>/edit/", views.agent_edit, name="agent-edit"),
    path("agents/<uuid:agent_id>/duplicate/", views.agent_duplicate, name="agent-duplicate"),
    path("agents/<uuid:agent_id>/delete/", views.agent_delete, name="agent-delete"),
    path("agents/<uuid:agent_id>/active/", views.agent_active, name="agent-active"),
]
