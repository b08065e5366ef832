"""Paths of the pages of this room. Preview and try-out of a template that is edited are in runs.web, which knows transcripts and judges."""

from django.urls import path

from templates_app import history, views

urlpatterns = [
    path("templates/", views.template_list, name="template-list"),
    path("templates/new/", views.template_new, name="template-new"),
    path("templates/import/", history.template_import, name="template-import"),
    path("templates/<uuid:template_id>/", views.template, name="template"),
    path("templates/<uuid:template_id>/duplicate", views.template_duplicate, name="template-duplicate"),
    path("templates/<uuid:template_id>/delete", views.template_delete, name="template-delete"),
    path("templates/<uuid:template_id>/versions/", history.template_versions, name="template-versions"),
    path("templates/<uuid:template_id>/versions/<int:number>/restore", history.template_restore, name="template-restore"),
    path("templates/<uuid:template_id>/export.yaml", history.template_export, {"form": "yaml"}, name="template-export-yaml"),
    path("templates/<uuid:template_id>/export.json", history.template_export, {"form": "json"}, name="template-export-json"),
]
