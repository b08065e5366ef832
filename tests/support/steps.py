"""Steps of the journal for tests, on the account of the run's own project."""

import uuid
from typing import Any

from runs.engine.lease import Lease
from runs.engine.steps import Step
from runs.models import EvalRun


def step_of(held: Lease, **parts: Any) -> Step:
    """For a run that was deleted: on the account of nobody."""
    project_id = EvalRun.objects.values_list("project_id", flat=True).filter(pk=held.run_id).first()
    return Step(held, project_id or uuid.uuid4(), **parts)
