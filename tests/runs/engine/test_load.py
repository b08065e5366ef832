"""What a run starts with: one that is broken is its own problem."""

import asyncio
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from django.db import OperationalError

from agents.limits.keeper import Gates
from runs.engine import lease
from runs.engine.drain import run_drain
from runs.engine.execute import Execution
from runs.engine.journal import Journal
from runs.engine.money import Budgets
from runs.engine.proof import Proof
from runs.models import EvalRun
from runs.states import Status
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_that_cannot_be_read_takes_no_other_along() -> None:
    runs = [run_make() for _ in range(3)]
    EvalRun.objects.filter(pk=runs[1].pk).update(agent_snapshot={})
    run_drain(linger=0)
    ends = [EvalRun.objects.values_list("status", "error_code").get(pk=run.pk) for run in runs]
    assert ends == [(Status.COMPLETED, ""), (Status.FAILED, "internal"), (Status.COMPLETED, "")]
    runs[1].refresh_from_db()
    assert runs[1].error_reason == "EvalHub itself failed (KeyError); the worker's log has the details."


class Blinking(Journal):
    """Its database is away when it is asked first."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def ask(self, function: Any, key: Any) -> Any:
        if not self.asked.is_set():
            self.asked.set()
            raise OperationalError("the server closed the connection unexpectedly")
        return await super().ask(function, key)


def test_a_database_that_is_away_in_that_moment_costs_no_attempt_and_forgets_no_cancel() -> None:
    run = run_make()
    [held] = lease.claim(1)

    async def drive() -> None:
        with Blinking() as journal:
            execution = Execution(held, journal, *[cast("ClientSession", None)] * 2, Gates(journal.call), Budgets(journal), Proof())
            task = asyncio.create_task(execution.drive())
            await journal.asked.wait()
            execution.cancelled = True
            task.cancel()
            await task

    asyncio.run(drive())
    run.refresh_from_db()
    assert (run.status, run.attempt, run.lease_token) == (Status.CANCELLED, 1, None)
