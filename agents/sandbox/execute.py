"""Runs one job from start to outcome: in the sandbox where there is one, watched until it ends or has to."""

import asyncio
import shutil
import time
from signal import SIGXCPU, SIGXFSZ, Signals

from agents.sandbox import bare, boxed
from agents.sandbox.job import Ended, Job, Limits, Outcome, SandboxMissing
from agents.sandbox.launch import Child, unprivileged
from agents.sandbox.proxy import Proxy
from evalhub.common.outbound import AddressPolicy, VettingResolver

TICK = 0.05  # seconds between two looks at what a job uses
RETRY = 60.0  # seconds that a refusal is believed
INSTALL = "Install the package bubblewrap on the machine of the worker, or let an owner of the machine set EVALHUB_ALLOW_UNSANDBOXED=1."
ALLOW = "What a service or container must allow: docs/operations.md. Or let an owner of the machine set EVALHUB_ALLOW_UNSANDBOXED=1."
TRIAL = Job(["/bin/sh", "-c", "exit 0"])
SHELL_SIGNALS = 128  # a shell, and bubblewrap, report a signal as an exit code this much higher

_trials: dict[str, tuple[float, str]] = {}  # path of bwrap -> when it was tried, and what was wrong


async def execute(job: Job, *, unsandboxed_allowed: bool, policy: AddressPolicy | None = None) -> Outcome:
    """Run a job to its end. A cancelled task takes the job with it.

    `policy` says which addresses the job's `allowed_hosts` may be at: public ones when there is none. Without a sandbox, which
    `unsandboxed_allowed` lets happen only where there is none, the network is not limited.

    Raises BadJob for a job that cannot be started, SandboxMissing where there is no sandbox and there must be one.
    """
    job.check()
    bwrap = shutil.which("bwrap") or ""
    missing = await why_missing()
    if missing and not unsandboxed_allowed:
        raise SandboxMissing(missing)
    if missing:
        return await _attended(await bare.start(job), job, sandboxed=False, refused=[])
    if not job.allowed_hosts:
        return await _attended(await boxed.start(job, bwrap=bwrap, proxy=""), job, sandboxed=True, refused=[])
    outside = VettingResolver(policy or AddressPolicy())
    async with Proxy(job.allowed_hosts, outside, max_bytes=job.limits.network_bytes, owner=unprivileged().get("user")) as proxy:
        return await _attended(await boxed.start(job, bwrap=bwrap, proxy=proxy.folder), job, sandboxed=True, refused=proxy.refused)


async def why_missing() -> str:
    """Why there is no sandbox here, as a sentence; empty when there is one. It is tried out once, and again a minute after it failed."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        return f"The program bwrap is not on this machine, so there is no sandbox to run code in. {INSTALL}"
    when, reason = _trials.get(bwrap, (0.0, ""))
    if bwrap not in _trials or (reason and time.monotonic() - when > RETRY):
        reason = await _tried(bwrap)
        _trials[bwrap] = time.monotonic(), reason
    return reason


async def _tried(bwrap: str) -> str:
    try:
        outcome = await _attended(await boxed.start(TRIAL, bwrap=bwrap, proxy=""), TRIAL, sandboxed=True, refused=[])
    except (SandboxMissing, OSError) as error:
        return f"The sandbox does not work on this machine. {error} {ALLOW}"
    return "" if outcome.succeeded else f"The sandbox does not work on this machine. {outcome.sentence} {ALLOW}"


async def _attended(child: Child, job: Job, *, sandboxed: bool, refused: list[str]) -> Outcome:
    try:
        ended, status, latency = await _watched(child, job)
        await child.end()
        files = await asyncio.to_thread(child.kept)
    finally:
        await asyncio.shield(asyncio.ensure_future(_cleared(child)))
    exit_code, signal = _told(status) if ended in (Ended.EXITED, Ended.SIGNAL) else (None, None)
    return Outcome(
        ended=ended,
        exit_code=exit_code,
        signal=signal,
        stdout=child.stdout.text(),
        stderr=child.stderr.text(),
        stdout_truncated=child.stdout.truncated,
        stderr_truncated=child.stderr.truncated,
        latency_ms=round(latency * 1000),
        sandboxed=sandboxed,
        files=files.files,
        files_left_out=files.left_out,
        refused_hosts=tuple(refused),
    )


async def _cleared(child: Child) -> None:
    await child.end()  # nothing is left to end but for a task that was cancelled
    await asyncio.to_thread(child.release)


async def _watched(child: Child, job: Job) -> tuple[Ended, int, float]:
    """How it ended, the status of its first program (0 when it was stopped), and the seconds since it began."""
    began = time.perf_counter()
    child.go(job.stdin)
    exited, passed = asyncio.ensure_future(child.exited()), asyncio.ensure_future(_limit_passed(child, job.limits))
    try:
        done, _ = await asyncio.wait({exited, passed}, timeout=job.limits.wall_s, return_when=asyncio.FIRST_COMPLETED)
        latency = time.perf_counter() - began
    finally:
        exited.cancel()
        passed.cancel()
    if passed in done:
        return passed.result(), 0, latency
    if exited in done:
        return _kind(exited.result()), exited.result(), latency
    return Ended.TIMEOUT, 0, latency


async def _limit_passed(child: Child, limits: Limits) -> Ended:
    while True:
        await asyncio.sleep(TICK)
        use = await asyncio.to_thread(child.use)
        if ended := use.excess(limits):
            return ended


def _kind(status: int) -> Ended:
    _, signal = _told(status)
    if signal is None:
        return Ended.EXITED
    return {SIGXCPU: Ended.CPU_LIMIT, SIGXFSZ: Ended.DISK_LIMIT}.get(Signals(signal), Ended.SIGNAL)


def _told(status: int) -> tuple[int | None, int | None]:
    """Exit code and signal. A code above 128 is read as a shell does, when there is such a signal."""
    number = -status if status < 0 else status - SHELL_SIGNALS
    if number > 0 and number in set(Signals):
        return None, int(number)
    return status, None
