"""Paths of custom evals."""

from django.urls import path

from templates_app.customs import views

urlpatterns = [
    path("custom-evals/", views.custom_eval_list, name="custom-eval-list"),
    path("custom-evals/new/", views.custom_eval_new, name="custom-eval-new"),
    path("custom-evals/select", views.custom_eval_select, name="custom-eval-select"),
    path("custom-evals/<uuid:custom_eval_id>/", views.custom_eval, name="custom-eval"),
    path("custom-evals/<uuid:custom_eval_id>/delete", views.custom_eval_delete, name="custom-eval-delete"),
]
