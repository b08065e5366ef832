"""Paths of the persona library. The preview of what a simulated user is told is in runs.web."""

from django.urls import path

from templates_app.personas import views

urlpatterns = [
    path("personas/", views.persona_list, name="persona-list"),
    path("personas/new/", views.persona_new, name="persona-new"),
    path("personas/import/", views.persona_import, name="persona-import"),
    path("personas/<uuid:persona_id>/", views.persona, name="persona"),
    path("personas/<uuid:persona_id>/duplicate/", views.persona_duplicate, name="persona-duplicate"),
    path("personas/<uuid:persona_id>/delete/", views.persona_delete, name="persona-delete"),
    path("personas/<uuid:persona_id>/file.<str:kind>", views.persona_file, name="persona-file"),
]
