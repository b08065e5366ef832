"""What a run is asked for, as pages, API and command hand it to `runs.services`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agents.models import Agent
from runs.models import EvalRun
from templates_app.models import EvalTemplate
from templates_app.snapshot import snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Everything a run can be asked for, already checked. `messages` are for `evaluate`, `source_run` for `eval_only`.

    `judge_model` judges instead of the templates' own; `max_cost_usd` may also stand in `simulation_config`. `draft` is a template that
    nobody saved (`templates_app.snapshot.draft_snapshot`): the run is judged by it alone.
    """

    agent: Agent
    template: EvalTemplate | None = None
    adaptation_template: EvalTemplate | None = None
    sessions: Sequence[Mapping[str, Any]] = ()
    user_persona: Mapping[str, Any] = field(default_factory=dict)
    simulation_config: Mapping[str, Any] = field(default_factory=dict)
    simulation_state: Mapping[str, Any] = field(default_factory=dict)
    config_override: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    user_id: str = ""
    messages: Sequence[Mapping[str, Any]] = ()
    source_run: EvalRun | None = None
    judge_model: str = ""
    max_cost_usd: Decimal | None = None
    draft: Mapping[str, Any] = field(default_factory=dict)

    def rubric(self, template_type: str) -> dict[str, Any]:
        """What the run is judged by, frozen; {} for nothing."""
        if self.draft:
            return dict(self.draft) if self.draft["template_type"] == template_type else {}
        template = self.template if template_type == EvalTemplate.Type.QUALITY else self.adaptation_template
        return snapshot(template) if template else {}
