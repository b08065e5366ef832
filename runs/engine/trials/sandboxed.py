"""Runs what a trial has to run, with the limits of this machine, and tells what it did as plain JSON without secrets."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from agents.llm.quoting import storable
from agents.sandbox import BadJob, Ended, Job, Outcome, SandboxMissing, execute, why_missing
from evalhub.common.masking import Mask
from evalhub.common.outbound_policy import outbound_policy
from runs.engine.trials.failures import TrialFailed
from runs.engine.trials.stage import Shown, Stage
from templates_app.reasons import FailureReason

NAME = "sandbox"
HEAD, TAIL = 16_000, 4_000  # characters kept of the beginning and the end of an output
MOST_FILES = 200
PLACES = max(2, os.cpu_count() or 2)  # programs that one worker process runs at once: they work, while models are waited for
REASONS = {
    Ended.TIMEOUT: FailureReason.EXECUTION_TIMEOUT,
    Ended.CPU_LIMIT: FailureReason.CPU_LIMIT,
    Ended.MEMORY_LIMIT: FailureReason.MEMORY_LIMIT,
    Ended.PROCESS_LIMIT: FailureReason.PROCESS_LIMIT,
    Ended.DISK_LIMIT: FailureReason.OUTPUT_LIMIT,
}
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def run(stage: Stage, job: Job, known: Mapping[str, str]) -> tuple[Outcome, Mapping[str, Any]]:
    """Run the job to its end, and what is kept of that; values of `known` are masked in it. A cancelled task takes the program with it.

    Raises TrialFailed where there is no sandbox and there must be one, or no such program can be started.
    """
    job = replace(job, limits=replace(job.limits, **settings.SANDBOX_LIMITS), read_only=settings.SANDBOX_READ_ONLY)
    await _announce(stage, job, Mask(known))
    try:
        async with _free_place():
            outcome = await execute(job, unsandboxed_allowed=settings.ALLOW_UNSANDBOXED, policy=outbound_policy())
    except SandboxMissing as error:
        raise TrialFailed("sandbox_unavailable", str(error)) from None
    except BadJob as error:
        raise TrialFailed("bad_job", f"The program cannot be started: {error}") from None
    return outcome, await asyncio.to_thread(_result, outcome, job, Mask(known))


def shown(result: Mapping[str, Any]) -> Shown:
    """An execution as a line of the transcript."""
    told = {key: result[key] for key in ("sentence", "exit_code", "stdout", "stderr", "files") if result[key] not in (None, "", [])}
    return Shown(NAME, json.dumps(told, ensure_ascii=False, indent=1), result)


def check(result: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the program ended by itself with exit code 0."""
    passed = result["exit_code"] == 0
    return {"key": "exit_code", "passed": passed, "detail": result["sentence"], "reason": "" if passed else _reason(result["ended"])}


def _reason(ended: str) -> str:
    return REASONS.get(Ended(ended), FailureReason.NONZERO_EXIT).value


async def _announce(stage: Stage, job: Job, mask: Mask) -> None:
    """Without a sandbox it is said in the log before anything runs."""
    command = storable(mask.apply(" ".join(job.argv)))[:200]
    if not await why_missing():
        stage.say(f"Runs in the sandbox: {command}")
    elif settings.ALLOW_UNSANDBOXED:
        stage.say(f"Runs WITHOUT A SANDBOX, as EVALHUB_ALLOW_UNSANDBOXED allows it on this machine: {command}")


def _free_place() -> asyncio.Semaphore:
    return _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(PLACES))


def _result(outcome: Outcome, job: Job, mask: Mask) -> dict[str, Any]:
    left = [(path, len(content)) for path, content in sorted(outcome.files.items()) if not _is_ours(path, content, job)]
    return {
        "sentence": outcome.sentence,
        "ended": outcome.ended.value,
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "stdout": _kept(outcome.stdout, outcome.stdout_truncated, mask),
        "stderr": _kept(outcome.stderr, outcome.stderr_truncated, mask),
        "stdout_truncated": outcome.stdout_truncated,
        "stderr_truncated": outcome.stderr_truncated,
        "latency_ms": outcome.latency_ms,
        "sandboxed": outcome.sandboxed,
        "files": [{"path": storable(mask.apply(path)), "size": size} for path, size in left[:MOST_FILES]],
        "files_left_out": outcome.files_left_out + max(len(left) - MOST_FILES, 0),
        "refused_hosts": _hosts(outcome.refused_hosts),
    }


def _is_ours(path: str, content: bytes, job: Job) -> bool:
    """Whether we put it there, and nobody changed it."""
    given = job.files.get(path)
    return given is not None and content == (given.encode() if isinstance(given, str) else given)


def _kept(text: str, is_cut: bool, mask: Mask) -> str:
    """Masked first and cut then, or half of a secret might stand at the cut."""
    hidden = storable(mask.apply_to_start(text) if is_cut else mask.apply(text))
    if len(hidden) <= HEAD + TAIL:
        return hidden
    return f"{hidden[:HEAD]}\n[… {len(hidden) - HEAD - TAIL:,} characters left out …]\n{hidden[-TAIL:]}"


def _hosts(refused: Sequence[str]) -> list[str]:
    return [storable(host)[:300] for host in dict.fromkeys(refused)][:20]
