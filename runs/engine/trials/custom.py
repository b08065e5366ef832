"""Custom evals: a task prompt, answered by a model or a coding agent, judged against its expected behaviour."""

from runs.engine.outcome import Outcome
from runs.engine.trials import behaviour, sandboxed
from runs.engine.trials.asking import ask
from runs.engine.trials.plan import TrialPlan
from runs.engine.trials.stage import Stage


async def play(stage: Stage) -> Outcome:
    """The score is the judge's; where the judge gives none, nothing is decided. A coding agent that broke down is not judged."""
    await ask(stage, task_of(stage.plan))
    worked = stage.found(sandboxed.NAME)
    found = await (behaviour.decided(stage, [sandboxed.check(worked)], by_share=False) if worked else behaviour.judged(stage))
    return Outcome(
        passed=found.passed,
        score=found.score,
        failure_reasons=found.reasons,
        latency_ms=stage.latency_ms,
        details={"checks": list(found.checks), **stage.execution_details},
    )


def task_of(plan: TrialPlan) -> str:
    """The prompt as it stands, and below it what the definition says beside the task."""
    return "\n\n".join(filter(None, (str(plan.subject["prompt"]), plan.context)))
