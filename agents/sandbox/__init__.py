"""Runs a program that nobody has vouched for: in a bubblewrap sandbox, or, where an owner allows it, without one. Plain Python.

`execute(job)` is all that the rest calls; decision 23 says what holds and what does not.
"""

from agents.sandbox.execute import execute, why_missing
from agents.sandbox.job import WORKDIR, BadJob, Ended, Job, Limits, Outcome, SandboxMissing

__all__ = ["WORKDIR", "BadJob", "Ended", "Job", "Limits", "Outcome", "SandboxMissing", "execute", "why_missing"]
