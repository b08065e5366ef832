"""Paths of the pages. No trailing slash is ever added by a redirect."""

from django.urls import path

from runs.web import exporting, operations, views

urlpatterns = [
    path("", views.home, name="home"),
    path("runs/", views.run_list, name="run-list"),
    path("runs/<uuid:run_id>/", views.run, name="run"),
    path("runs/<uuid:run_id>/live", views.run_live, name="run-live"),
    path("runs/<uuid:run_id>/export.<str:form>", exporting.run_export, name="run-export"),
    path("runs/<uuid:run_id>/cancel", views.run_cancel, name="run-cancel"),
    path("runs/<uuid:run_id>/resume", views.run_resume, name="run-resume"),
    path("operations/", operations.operations, name="operations"),
]
