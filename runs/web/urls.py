"""Paths of the pages. No trailing slash is ever added by a redirect."""

from django.urls import path

from runs.web import budget, bulk, exporting, operations, overview, run_page, tryout, views, voice
from runs.web.newrun import views as newrun

urlpatterns = [
    path("", overview.home, name="home"),
    path("overview/now", overview.overview_now, name="overview-now"),
    path("runs/", views.run_list, name="run-list"),
    path("runs/bulk", bulk.run_bulk, name="run-bulk"),
    path("runs/export.<str:form>", exporting.runs_export, name="runs-export"),
    path("runs/new/", newrun.run_new, name="run-new"),
    path("runs/new/estimate", newrun.run_new_estimate, name="run-new-estimate"),
    path("runs/<uuid:run_id>/", run_page.run, name="run"),
    path("runs/<uuid:run_id>/transcript", run_page.run_transcript, name="run-transcript"),
    path("runs/<uuid:run_id>/log", run_page.run_log, name="run-log"),
    path("runs/<uuid:run_id>/live", run_page.run_live, name="run-live"),
    path("runs/<uuid:run_id>/export.<str:form>", exporting.run_export, name="run-export"),
    path("runs/<uuid:run_id>/cancel", run_page.run_cancel, name="run-cancel"),
    path("runs/<uuid:run_id>/resume", run_page.run_resume, name="run-resume"),
    path("runs/<uuid:run_id>/again", run_page.run_repeat, name="run-again"),
    path("runs/<uuid:run_id>/rejudge", run_page.run_judge_again, name="run-rejudge"),
    path("runs/<uuid:run_id>/delete", run_page.run_delete, name="run-delete"),
    path("settings/budget/", budget.budget, name="settings-budget"),
    path("templates/preview", tryout.template_preview, name="template-preview"),
    path("templates/try", tryout.template_try, name="template-try"),
    path("voice/", voice.voice_page, name="voice"),
    path("operations/", operations.operations, name="operations"),
]
