"""Paths of the pages of batches, of what they are asked of, and of what came of them over time."""

from django.urls import path

from runs.web.batches import actions, outcome, trends, views
from runs.web.batches.new import views as new
from runs.web.batches.targets import views as targets

urlpatterns = [
    path("batches/", views.batch_list, name="batch-list"),
    path("batches/new/", new.batch_new, name="batch-new"),
    path("batches/new/estimate", new.batch_new_estimate, name="batch-new-estimate"),
    path("batches/<uuid:batch_id>/", views.batch, name="batch"),
    path("batches/<uuid:batch_id>/cancel", actions.batch_cancel, name="batch-cancel"),
    path("batches/<uuid:batch_id>/resume", actions.batch_resume, name="batch-resume"),
    path("batches/<uuid:batch_id>/again", actions.batch_again, name="batch-again"),
    path("batches/<uuid:batch_id>/delete", actions.batch_delete, name="batch-delete"),
    path("batches/<uuid:batch_id>/now", views.batch_now, name="batch-now"),
    path("batches/<uuid:batch_id>/children/", views.batch_children, name="batch-children"),
    path("batches/<uuid:batch_id>/cell/<int:subject>/<int:target>", views.batch_cell, name="batch-cell"),
    path("batches/<uuid:batch_id>/export.<str:form>", views.batch_export, name="batch-export"),
    path("trends/", trends.trend_page, name="trends"),
    path("runs/<uuid:run_id>/trial", outcome.run_trial, name="run-trial"),
    path("targets/", targets.target_list, name="target-list"),
    path("targets/new/", targets.target_new, name="target-new"),
    path("targets/<uuid:target_id>/", targets.target, name="target"),
    path("targets/<uuid:target_id>/run", targets.target_now, name="target-now"),
    path("targets/<uuid:target_id>/delete", targets.target_end, name="target-delete"),
]
