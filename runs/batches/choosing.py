"""From a request to what will run: shared by API, pages, command and schedule, so that all of them mean the same. Reads only."""

from collections.abc import Sequence

from evalhub.accounts.models import Project
from runs.batches.chosen import Chosen, used_only
from runs.batches.estimate import estimated_cost
from runs.batches.of_customs import choose_customs
from runs.batches.of_prompts import choose_prompts
from runs.batches.of_sources import choose_tasks
from runs.batches.request import BatchRequest, PromptsRequest
from runs.models import Target


def choose(project: Project, request: BatchRequest, rows: Sequence[Target] | None = None) -> Chosen:
    """What the request comes to, with its estimated cost. `rows` are used as the configured targets instead of all: those that are due.

    Raises NothingToRun (400), UnknownId (404), BadValue and BadTarget (422).
    """
    chosen = used_only(_chosen(project, request, rows))
    chosen.estimated_cost_usd = estimated_cost(chosen)
    return chosen


def _chosen(project: Project, request: BatchRequest, rows: Sequence[Target] | None) -> Chosen:
    if isinstance(request, PromptsRequest):
        return choose_prompts(project, request, rows)
    if request.source_type == "custom_evals":
        return choose_customs(project, request, rows)
    return choose_tasks(project, request, rows)
