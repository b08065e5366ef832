"""Nobody is asked for a run that may be another worker's by now."""

import asyncio
import time

import pytest

from runs.engine import stop
from runs.engine.proof import Proof


@pytest.fixture
def stale() -> Proof:
    """One that was given longer ago than a lease lasts."""
    proof = Proof()
    proof.given(time.monotonic() - 1_000_000)
    return proof


async def test_a_young_one_holds_nobody_up() -> None:
    await asyncio.wait_for(Proof().wait(), 0.1)


async def test_who_was_asleep_waits_until_the_leases_were_looked_at(stale: Proof) -> None:
    waiting = asyncio.create_task(stale.wait())
    await asyncio.sleep(0.3)
    assert not waiting.done()
    stale.given(time.monotonic())
    await asyncio.wait_for(waiting, 2)


async def test_a_stop_is_heard_meanwhile(stale: Proof) -> None:
    waiting = asyncio.create_task(stale.wait())
    await asyncio.sleep(0)
    stop.request()
    try:
        with pytest.raises(stop.Stopping):
            await asyncio.wait_for(waiting, 2)
    finally:
        stop.reset()
