"""Running small programs in the sandbox; skips a test where there is none, which the gate takes for a failure."""

import textwrap
from dataclasses import replace
from typing import Any

import pytest

from agents.sandbox import Job, Limits, Outcome, execute, why_missing
from evalhub.common.outbound import AddressPolicy

PYTHON = "/usr/bin/python3"
QUICK = Limits(wall_s=60.0, cpu_s=30)


async def sandbox_or_skip() -> None:
    if reason := await why_missing():
        pytest.skip(reason)


async def run(*argv: str, policy: AddressPolicy | None = None, limits: Limits = QUICK, **job: Any) -> Outcome:
    """A program in the sandbox."""
    await sandbox_or_skip()
    return await execute(Job(list(argv), limits=limits, **job), unsandboxed_allowed=False, policy=policy)


async def python(code: str, *arguments: str, **job: Any) -> Outcome:
    """A Python program in the sandbox, by its text."""
    return await run(PYTHON, "-c", textwrap.dedent(code), *arguments, **job)


def limits(**given: Any) -> Limits:
    return replace(QUICK, **given)


def said(outcome: Outcome) -> str:
    """What a program printed, when all went well with it."""
    assert outcome.succeeded, (outcome.sentence, outcome.stdout[-2000:], outcome.stderr[-2000:])
    return outcome.stdout.strip()
