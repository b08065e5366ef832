"""The loop of a drain: what it returns, what it runs on, and that it leaves the process as it was."""

import asyncio
import gc
import sys

import pytest

from runs.engine import loop


async def kind_of_loop() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_a_drain_runs_on_uvloop_where_it_is_installed() -> None:
    pytest.importorskip("uvloop")
    assert loop.run(kind_of_loop()) == "uvloop"


def test_the_garbage_collector_and_the_switch_of_threads_are_as_before_afterwards_also_after_an_error() -> None:
    async def fail() -> None:
        assert gc.get_threshold()[0] == loop.GARBAGE_THRESHOLD
        assert sys.getswitchinterval() == pytest.approx(loop.SWITCH_SECONDS)
        raise LookupError

    before, switching = gc.get_threshold(), sys.getswitchinterval()
    with pytest.raises(LookupError):
        loop.run(fail())
    assert gc.get_threshold() == before
    assert sys.getswitchinterval() == switching
    assert gc.get_freeze_count() == 0
