"""Expected behaviour: what a judge's result means for a trial. Plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.engine.trials.stage import Stage
from templates_app.reasons import FailureReason

NAME = "expected_behavior"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`score` is the judge's, None where it gave none: then nothing is decided, and `passed` is None too."""

    score: float | None
    passed: bool | None
    check: Mapping[str, Any] | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        return (FailureReason.BEHAVIOUR_NOT_MET.value,) if self.passed is False else ()


async def judged(stage: Stage) -> Behaviour:
    """Ask the judge, if the trial has one, and hold its score against the pass score. Costs a call to the judge."""
    result = await stage.judged()
    if not result:
        return Behaviour(None, None)
    score = result["score"]
    passed = None if score is None else score >= stage.plan.pass_score
    said = "The judge gave no score." if score is None else f"The judge gave {score:g} of 100; {stage.plan.pass_score:g} are needed."
    return Behaviour(score, passed, {"name": NAME, "passed": passed, "message": said})
