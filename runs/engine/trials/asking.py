"""Puts a task to whom a trial asks: a model, or a coding agent that works on it in the sandbox. Called by every kind of trial.

What an agent prints is its answer. It is given variables of the profile (TrialPlan.is_given), and may reach the hosts of its harness and of
the profile; values of variables are masked out of what is kept.
"""

import asyncio
from collections.abc import Mapping

from agents import harnesses
from agents.llm.types import CANCELLED, CallRecord
from agents.sandbox import WORKDIR, Job, Limits, Outcome
from runs.batches.snapshots import HarnessSnapshot
from runs.engine import stop
from runs.engine.transcript import Entry, Purpose
from runs.engine.trials import profiles, sandboxed
from runs.engine.trials.failures import TrialFailed
from runs.engine.trials.stage import ANSWER, Stage

NOT_STARTED = (126, 127)  # a shell's words for a program that is not executable, and for one that is not there
MOST_SAID = 300


async def ask(stage: Stage, task: str) -> str:
    """The answer to the task, asked for once. Raises LLMError and TrialFailed."""
    harness = stage.plan.target["harness"]
    if harness is None:
        return await stage.ask(task)
    stage.put(task)
    if len(stage.lines) <= ANSWER:
        await _work(stage, harness)
    return stage.lines[ANSWER].content


async def _work(stage: Stage, harness: HarnessSnapshot) -> None:
    name = f"{harness['name']}/{stage.plan.target['model_id']}"
    known = await profiles.variables(stage)
    given = {variable: value for variable, value in known.items() if stage.plan.is_given(variable)}
    job = job_of(harness, stage.lines[0].content, stage.plan.target["model_id"], given, stage.plan.allowed_hosts)
    stop.raise_when_requested()
    stage.may_spend(name)
    try:
        outcome, result = await sandboxed.run(stage, job, known)
    except asyncio.CancelledError:
        await stage.recorder.write(Entry(purpose=Purpose.AGENT, calls=[CallRecord(name, 1, 0, error=CANCELLED)]))
        raise
    _refuse_when_missing(outcome, str(result["stderr"]), harness)
    # What it spent on models of its own nobody tells us: the call is there, without a price.
    call = CallRecord(name, 1, outcome.latency_ms, finish_reason=outcome.ended.value)
    await stage.answered(str(result["stdout"]), outcome.latency_ms, (call,), sandboxed.shown(result))


def job_of(harness: HarnessSnapshot, task: str, model: str, given: Mapping[str, str], hosts: tuple[str, ...]) -> Job:
    """The agent's command line with the task in it, and the variables it is given.

    Raises TrialFailed for a command that cannot be used, and for a built-in agent without an account, which could only break down.
    """
    built_in = harnesses.BUILT_IN.get(harness["name"]) if harness["built_in"] else None
    if built_in and not any(given.get(variable) for variable in built_in.variables):
        needed = " or ".join(built_in.variables)
        raise TrialFailed(profiles.CODE, f"{built_in.label} has no account: run it with an environment that has the variable {needed}.")
    try:
        argv = built_in.argv if built_in else harnesses.parsed(harness["argv"])
        filled = harnesses.rendered(argv, prompt=task, model=model, workdir=WORKDIR)
    except harnesses.BadTemplate as error:
        raise TrialFailed("bad_job", f"The coding agent {harness['name']!r} cannot be started: {error}") from None
    return Job(
        filled,
        env=dict(given),
        allowed_hosts=(*(built_in.allowed_hosts if built_in else ()), *harness["allowed_hosts"], *hosts),
        limits=Limits(wall_s=float(harness["timeout_seconds"])),
    )


def _refuse_when_missing(outcome: Outcome, stderr: str, harness: HarnessSnapshot) -> None:
    """A program that is not on this machine, or lacks what it is started by, says nothing about the agent."""
    if outcome.exit_code in NOT_STARTED and not outcome.stdout.strip():
        missing = (
            f"The coding agent {harness['name']!r}, or what starts it, is not on the worker's machine, or its sandbox does not see it."
        )
        advice = "Install it below /usr, or name its folder in EVALHUB_SANDBOX_READ_ONLY."
        said = stderr.strip()[-MOST_SAID:]
        raise TrialFailed("agent_missing", f"{missing} {advice}" + (f" What was said at its start: {said}" if said else ""))
