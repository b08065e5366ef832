"""Paths of the dialect under /v1/, in the order of the contract. No trailing slash, and never a redirect."""

from django.urls import path

from evalhub.common.details import nowhere
from runs.api.durable import children, definitions, eval_runs, history, prompts, results, sources, status, targets
from runs.api.durable.endpoint import DurableEndpoint
from runs.api.durable.unserved import unserved_paths

paths: list[tuple[str, type[DurableEndpoint]]] = [
    ("status", status.ServerStatus),
    ("auth/status", status.KeyStatus),
    ("prompts", prompts.Prompts),
    ("prompts/config", prompts.PromptConfig),
    ("prompts/topics", prompts.Topics),
    ("prompts/topics/<str:topic_id>", prompts.Topic),
    ("prompts/<str:prompt_id>", prompts.OnePrompt),
    ("eval-runs", eval_runs.EvalRuns),
    ("eval-runs/<str:eval_run_id>", eval_runs.EvalRun),
    ("eval-runs/<str:eval_run_id>/runs", children.Children),
    ("api-performance/targets", targets.Targets),
    ("api-performance/sources", sources.Sources),
    ("api-performance/config", sources.EvalConfig),
    ("api-performance/runs", results.Runs),
    ("api-performance/runs/<str:run_id>", results.Run),
    ("api-performance/diagnose", results.Diagnose),
    ("api-performance/evals", definitions.Evals),
    ("api-performance/evals/<str:eval_id>", definitions.Eval),
    ("api-performance/custom-evals", definitions.CustomEvals),
    ("api-performance/custom-evals/history", history.CustomEvalHistory),
    ("api-performance/custom-evals/<str:custom_eval_id>", definitions.OneCustomEval),
]

urlpatterns = [
    *unserved_paths(),
    *(path(route, view.as_view()) for route, view in paths),
    path("openapi.json", status.Document.as_view()),
    path("<path:path>", nowhere),
    path("", nowhere),
]
