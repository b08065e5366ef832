"""What a trial is judged by: the template of its prompt, or a built-in rubric whose one category is the expected behaviour.

It is frozen onto the run like any template.
"""

from collections.abc import Mapping
from typing import Any

from runs.engine.trials.plan import TrialPlan
from templates_app.models import SourceType

NAME = "Expected behaviour"
KEY = "expected_behavior"
TEMPERATURE = 0.0
MAX_TOKENS = 4096
SCORING = (
    "The user gave the assistant a task. Judge only whether what the assistant did shows the expected behaviour, not its style. "
    "Where a message of the role tool follows, it is what really happened when the answer was carried out: the request that was sent and "
    "the response, or the exit code and the output of a program. It weighs more than what the assistant says about itself. "
    "100 means that the expected behaviour is shown in full, 0 that nothing of it is."
)


DONE = "The task is done, completely and correctly, as far as the transcript shows it."


def rubric_of(plan: TrialPlan) -> dict[str, Any]:
    """A template's snapshot (templates_app.snapshot); {} where nobody judges."""
    judge = str(plan.subject["judge_model"])
    if plan.source_type == SourceType.PROMPTS:
        template: Mapping[str, Any] = plan.subject["template"]
        return {**template, "judge_model": judge} if template else {}
    expected = plan.definition["expected_behavior"].strip()
    if not expected and plan.source_type == SourceType.CUSTOM_EVALS:
        expected = DONE
    return _expecting(expected, judge) if expected else {}


def _expecting(expected: str, judge: str) -> dict[str, Any]:
    return {
        "template_id": "",
        "name": NAME,
        "template_type": "quality",
        "judge_model": judge,
        "temperature": TEMPERATURE,
        "max_tokens": MAX_TOKENS,
        "judge_samples": 1,
        "scoring_rubric": SCORING,
        "categories": [{"key": KEY, "label": NAME, "prompt_instructions": expected, "weight": 1.0}],
    }
