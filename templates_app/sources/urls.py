"""Paths of sources, their operations and evals, and of environments."""

from django.urls import path

from templates_app.sources import operation_views, profile_views, views

urlpatterns = [
    path("sources/", views.source_list, name="source-list"),
    path("sources/new/", views.source_new, name="source-new"),
    path("sources/<uuid:source_id>/", views.source, name="source"),
    path("sources/<uuid:source_id>/edit/", views.source_edit, name="source-edit"),
    path("sources/<uuid:source_id>/import/", views.source_import, name="source-import"),
    path("sources/<uuid:source_id>/select", views.source_select, name="source-select"),
    path("sources/<uuid:source_id>/delete", views.source_delete, name="source-delete"),
    path("sources/<uuid:source_id>/operations/new/", operation_views.operation_new, name="operation-new"),
    path("sources/operations/<uuid:operation_id>/", operation_views.operation, name="operation"),
    path("sources/operations/<uuid:operation_id>/edit/", operation_views.operation_edit, name="operation-edit"),
    path("sources/operations/<uuid:operation_id>/delete", operation_views.operation_delete, name="operation-delete"),
    path("sources/evals/<uuid:definition_id>/", operation_views.definition, name="definition"),
    path("environments/", profile_views.profile_list, name="profile-list"),
    path("environments/new/", profile_views.profile_new, name="profile-new"),
    path("environments/<uuid:profile_id>/", profile_views.profile, name="profile"),
    path("environments/<uuid:profile_id>/delete", profile_views.profile_delete, name="profile-delete"),
]
