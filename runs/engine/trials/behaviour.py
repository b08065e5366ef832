"""Expected behaviour, and how checks and a judge's score become an outcome. Plain Python.

An answer that failed a check is not judged: nothing that a judge says could let it pass. Where the judge gives no score nothing is decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.engine.trials.stage import Stage
from templates_app.reasons import FailureReason

KEY = "expected_behavior"
Check = Mapping[str, Any]  # {key, passed, detail, reason}, as templates_app.openapi.checks stores them; passed may be None


@dataclass(frozen=True, slots=True)
class Decision:
    """`passed` and `score` are None where nobody judged, or the judge gave no score. `checks` are all that count."""

    passed: bool | None
    score: float | None
    checks: Sequence[Check] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Each once, in the order of the checks."""
        return tuple(dict.fromkeys(str(check["reason"]) for check in self.checks if check["reason"]))


async def judged(stage: Stage) -> Decision:
    """What the judge says alone. Costs a call to the judge, where there is one."""
    result = await stage.judged()
    if not result:
        return Decision(None, None)
    score, needed = result["score"], stage.plan.pass_score
    if score is None:
        return Decision(None, None, [_check(None, "The judge gave no score.")])
    return Decision(score >= needed, score, [_check(score >= needed, f"The judge gave {score:g} of 100; {needed:g} are needed.")])


async def decided(stage: Stage, checks: Sequence[Check], *, by_share: bool) -> Decision:
    """Checks first, then the judge if there is one.

    The score is the share of checks that passed, expected behaviour being one of them (`by_share`); or the judge's where it was asked, and
    else all or nothing.
    """
    if not all(check["passed"] for check in checks):
        return Decision(False, share(checks) if by_share else 0.0, checks)
    found = await judged(stage)
    every = [*checks, *found.checks]
    if not found.checks:
        return Decision(True, 100.0, every)
    if found.score is None:
        return Decision(None, None, every)
    return Decision(found.passed, share(every) if by_share else found.score, every)


def share(checks: Sequence[Check]) -> float:
    """Of 100, how much passed; one decimal."""
    return round(100 * sum(bool(check["passed"]) for check in checks) / len(checks), 1)


def _check(passed: bool | None, detail: str) -> Check:
    return {"key": KEY, "passed": passed, "detail": detail, "reason": FailureReason.BEHAVIOUR_NOT_MET.value if passed is False else ""}
