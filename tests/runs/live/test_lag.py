"""How late events arrive, as metrics are told: only of those that somebody waited for."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async

from runs.live.lag import BOUNDS, Lag
from runs.live.tail import Tail
from runs.models import RunEvent
from tests.runs.live.streams import write_turns
from tests.support.runs import run_make


def test_without_events_there_is_nothing_to_tell() -> None:
    standing = Lag().standing()
    assert (standing.count, standing.total_seconds, standing.p50, standing.p99) == (0, 0.0, None, None)


def test_events_are_counted_up_to_each_bound_and_at_last_all_of_them() -> None:
    lag = Lag()
    for seconds in (0.001, 0.005, 0.02, 0.3, 99.0):
        lag.note(seconds)
    standing = lag.standing()
    assert dict(zip((*BOUNDS, None), standing.buckets, strict=True)) == {
        **{0.005: 2, 0.01: 2, 0.025: 3, 0.05: 3, 0.1: 3, 0.25: 3, 0.5: 4},
        **{1.0: 4, 2.5: 4, 5.0: 4, 10.0: 4, None: 5},
    }
    assert standing.total_seconds == pytest.approx(99.326)
    assert (standing.p50, standing.p99) == (0.02, 99.0)


def test_a_clock_that_is_behind_makes_no_event_arrive_before_it_was_made() -> None:
    lag = Lag()
    lag.note(-3.0)
    assert (lag.standing().total_seconds, lag.standing().p50) == (0.0, 0.0)


@pytest.mark.django_db(transaction=True)
async def test_what_was_there_before_a_page_was_opened_is_not_late() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write_turns)(run, 3)
    await RunEvent.objects.aupdate(created_at=run.created_at - timedelta(hours=1))
    async with tail.watch(run.id, 0) as watch:
        assert len(await asyncio.wait_for(watch.batch(), 5)) == 3
        assert tail.lag.standing().count == 0
        await sync_to_async(write_turns)(run, 2)
        assert len(await asyncio.wait_for(watch.batch(), 5)) == 2
    assert tail.lag.standing().count == 2
    assert (tail.lag.standing().p99 or 9) < 2


@pytest.mark.django_db(transaction=True)
async def test_two_who_watch_are_told_one_event() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as one, tail.watch(run.id, 0) as other:
        await asyncio.sleep(0.2)
        await sync_to_async(write_turns)(run, 1)
        assert await asyncio.wait_for(one.batch(), 5) == await asyncio.wait_for(other.batch(), 5)
    assert tail.lag.standing().count == 1
