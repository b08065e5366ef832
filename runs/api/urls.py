"""Paths of the dialect under /api/v1/. No trailing slash, and never a redirect.

An agent's name may hold a slash (as %2F), hence `path:`. GET /eval-runs/{id}/events is an ASGI application, routed in asgi.py.
"""

from django.urls import path

from agents.api.endpoints import AgentDetail, AgentProfile, Agents
from evalhub.common.problems import unknown_path
from runs.api import actions, evals
from templates_app.api import TemplateDetail, Templates

urlpatterns = [
    path("agents", Agents.as_view()),
    path("agents/<path:agent>/simulate", evals.Simulate.as_view()),
    path("agents/<path:agent>/run-eval", evals.RunEval.as_view()),
    path("agents/<path:agent>/evaluate", evals.Evaluate.as_view()),
    path("agents/<path:agent>/eval-only", evals.EvalOnly.as_view()),
    path("agents/<path:agent>/profile", AgentProfile.as_view()),
    path("agents/<path:agent>", AgentDetail.as_view()),  # the last: a name may hold slashes, and end like one of the others (AgentAction)
    path("eval-runs", evals.EvalRuns.as_view()),
    path("eval-runs/<str:run_id>", evals.EvalRunDetail.as_view()),
    path("eval-runs/<str:run_id>/cancel", actions.CancelEvalRun.as_view()),
    path("eval-runs/<str:run_id>/resume", actions.ResumeEvalRun.as_view()),
    path("eval-templates", Templates.as_view()),
    path("eval-templates/<path:template>", TemplateDetail.as_view()),
    path("<path:path>", unknown_path),
    path("", unknown_path),
]
