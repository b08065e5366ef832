"""Libraries and command-line tools: a model writes a program, which is executed in the sandbox; a coding agent does all of it there.

A trial passes where the program exits with code 0 and, if a behaviour is expected, the judge finds it met.
"""

import asyncio
from functools import partial
from typing import Any

from agents.sandbox import Job
from runs.engine.outcome import Outcome
from runs.engine.trials import behaviour, profiles, programs, sandboxed
from runs.engine.trials.asking import ask
from runs.engine.trials.failures import TrialFailed
from runs.engine.trials.stage import Shown, Stage
from templates_app.reasons import FailureReason
from templates_app.sources.commands import PLACE, BadCommand

NO_PROGRAM = "The answer has no program in it."


async def play(stage: Stage) -> Outcome:
    """The score is the judge's where one is asked, else 100 for exit code 0 and 0 for anything else."""
    try:
        task = programs.task_of(stage.plan)
    except BadCommand as error:
        raise TrialFailed("bad_job", f"The command of the source cannot be used. {error}") from None
    answer = await ask(stage, task)
    if stage.found(sandboxed.NAME) is None:
        await stage.show(await _executed(stage, answer))
    result = stage.found(sandboxed.NAME) or {}
    checks = [sandboxed.check(result)] if "ended" in result else [_no_program()]
    decision = await behaviour.decided(stage, checks, by_share=False)
    return Outcome(
        passed=decision.passed,
        score=decision.score,
        failure_reasons=decision.reasons,
        latency_ms=result.get("latency_ms"),
        tool_calls=1 if "ended" in result else 0,
        details={"checks": list(decision.checks), **stage.execution_details},
    )


async def _executed(stage: Stage, answer: str) -> Shown:
    """Only a model's program is executed by us: what a coding agent did is there with its answer."""
    argv = programs.command_of(stage.plan)
    language = programs.language_of(argv)
    program = await asyncio.to_thread(partial(programs.program_in, answer, language))
    if not program:
        return Shown(sandboxed.NAME, NO_PROGRAM, {})
    known = await profiles.variables(stage)
    name = programs.file_name(language)
    filled = [part.replace(PLACE, name) for part in argv]
    job = Job(filled, files={name: program + "\n"}, env=known, allowed_hosts=stage.plan.allowed_hosts)
    _, result = await sandboxed.run(stage, job, known)
    return sandboxed.shown(result)


def _no_program() -> dict[str, Any]:
    return {"key": "answer", "passed": False, "detail": NO_PROGRAM, "reason": FailureReason.NO_ANSWER.value}
