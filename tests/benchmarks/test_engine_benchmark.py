"""The benchmark of the engine runs, small; how fast it must be is for a quiet machine and the full size."""

import pytest

from tests.benchmarks import engine
from tests.benchmarks.engine import Result, Work

SMALL = Work(n=4, turns=2, at_once=4, latency=0.01)


def test_floor_and_engine_make_the_same_calls_and_the_engine_scores_every_conversation() -> None:
    with engine.mock(SMALL.latency) as url:
        floor, ours = engine.pair("sqlite", SMALL, url)
    assert floor.calls == ours.calls == SMALL.calls == 20
    assert ours.scored == 4
    assert 0.85 < floor.sent / ours.sent < 1.15, "the floor must send what the engine sends"
    assert ours.rss_mb > 10
    assert ours.cpu > floor.cpu > 0


def test_cpu_is_told_for_each_call() -> None:
    assert Result(wall=9.0, cpu=2.0, calls=20, sent=0).per_call(SMALL) == pytest.approx(100)
