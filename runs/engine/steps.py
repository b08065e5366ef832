"""What a run's driver hands to the journal: rows and columns of one run that become true together. Plain data."""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.llm.types import CallRecord
from runs.engine.lease import Lease
from runs.engine.outcome import Outcome
from runs.engine.transcript import Line, Purpose
from runs.events.log import Numbered
from runs.models import Verdict


def _mark() -> uuid.UUID:
    """No secret: uuid4 asks the system for every one, which was 4 % of a worker's CPU. A fork seeds this generator anew."""
    return uuid.UUID(int=random.getrandbits(128), version=4)  # noqa: S311


@dataclass(frozen=True, slots=True)
class Step:
    """One commit of one run. `project_id` says on whose account the calls were made, `purpose` what for; `mark` is the step's own name.

    `outcome` is of the trial that ends with this step.
    """

    lease: Lease
    project_id: uuid.UUID
    columns: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[Line] = ()
    purpose: Purpose = Purpose.AGENT
    calls: Sequence[CallRecord] = ()
    verdicts: Sequence[Verdict] = ()
    events: Sequence[Numbered] = ()
    outcome: Outcome | None = None
    mark: uuid.UUID = field(default_factory=_mark)
