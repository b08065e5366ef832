"""What all who watch a run share: made once, the same for every role, and nobody's leaving takes it from the others."""

import asyncio

import pytest
from asgiref.sync import sync_to_async

from runs.live import editions
from runs.live.tail import Tail
from runs.live.watch import Batch
from runs.models import EvalRun
from tests.runs.live.streams import write_turns
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


async def batches(run: EvalRun) -> tuple[Batch, Batch]:
    """What two who watch are given of the same two events."""
    tail = Tail()
    async with tail.watch(run.id, 0) as one, tail.watch(run.id, 0) as other:
        await asyncio.sleep(0.1)
        await sync_to_async(write_turns)(run, 2)
        return await asyncio.wait_for(one.batch(), 5), await asyncio.wait_for(other.batch(), 5)


async def test_an_update_is_made_once_for_all_who_have_come_as_far() -> None:
    run = await sync_to_async(run_make)()
    one, other = await batches(run)
    made = await asyncio.gather(editions.update(run.id, one), editions.update(run.id, other))
    assert 'id="e-1"' in made[0]
    assert made[0] is made[1]


async def test_who_comes_from_further_back_has_an_update_of_their_own() -> None:
    run = await sync_to_async(run_make)()
    one, other = await batches(run)
    both, last = await asyncio.gather(editions.update(run.id, one), editions.update(run.id, other[1:]))
    assert 'id="e-0"' in both
    assert 'id="e-0"' not in last
    assert 'id="e-1"' in last


async def test_who_leaves_while_an_update_is_made_does_not_take_it_from_the_others() -> None:
    run = await sync_to_async(run_make)()
    one, other = await batches(run)
    leaving = asyncio.ensure_future(editions.update(run.id, one))
    staying = asyncio.ensure_future(editions.update(run.id, other))
    await asyncio.sleep(0)
    leaving.cancel()
    assert 'id="e-1"' in await staying


async def test_snapshots_asked_for_at_once_are_one_and_a_later_one_is_fresh() -> None:
    run = await sync_to_async(run_make)()
    one, other = await asyncio.gather(editions.opening(run.id), editions.opening(run.id))
    assert one is other
    await sync_to_async(write_turns)(run, 1)
    later = await editions.opening(run.id)
    assert one
    assert later
    assert (one[1], later[1]) == (0, 1)


async def test_of_a_deleted_run_there_is_none() -> None:
    run = await sync_to_async(run_make)()
    one, _ = await batches(run)
    await sync_to_async(run.delete)()
    assert await editions.opening(run.id) is None
    assert await editions.update(run.id, one) == ""


async def test_they_hold_nothing_that_only_some_readers_may_have() -> None:
    run = await sync_to_async(run_make)()
    one, _ = await batches(run)
    for status in ("running", "interrupted"):
        await EvalRun.objects.filter(pk=run.id).aupdate(status=status)
        found = await editions.opening(run.id)
        assert found
        one[-1].updates.clear()
        for html in (found[0], await editions.update(run.id, one)):
            assert f'data-status="{status}"' in html
            assert not any(word in html for word in ("<form", "csrf", "<button"))
