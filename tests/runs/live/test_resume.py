"""A client that comes back, at any place, gets exactly the rest."""

import asyncio
import time

import pytest
from asgiref.sync import sync_to_async

from runs.models import EvalRun
from runs.states import Status
from tests.runs.live.streams import Opened, finished, get, key_make, path_of, write, write_end, write_turns
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_finished_run_is_read_on_from_every_number() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    for first in range(run.next_seq + 2):
        stream = await get(path_of(run), key, f"from={first}")
        assert stream.seqs == list(range(first, run.next_seq))
        assert stream.ended_well


async def test_a_finished_run_is_read_on_after_every_last_event_id() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    for last in range(run.next_seq):
        stream = await get(path_of(run), key, "from=0", last_event_id=str(last))  # the header is newer than the address
        assert stream.seqs == list(range(last + 1, run.next_seq))
        assert stream.ended_well


async def test_a_running_run_is_read_on_from_every_number() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    await sync_to_async(write_turns)(run, 5)
    streams = [await Opened(path_of(run), key, f"from={first}").begin() for first in range(9)]
    for _ in range(3):
        await sync_to_async(write_turns)(run, 1)
    await sync_to_async(write_end)(run)
    for first, stream in enumerate(streams):
        assert (await stream.rest()).seqs == list(range(first, 9))
        assert stream.ended_well


async def test_a_client_that_is_cut_again_and_again_misses_and_repeats_nothing() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    got: list[int] = []
    for round_ in range(4):
        await sync_to_async(write_turns)(run, 3)
        stream = await Opened(path_of(run), key, f"from={len(got)}").begin()
        await stream.until(3 * round_ + 2)
        await stream.leave()
        got += stream.seqs
    await sync_to_async(write_end)(run)
    got += (await get(path_of(run), key, f"from={len(got)}")).seqs
    assert got == list(range(13))


async def test_a_place_beyond_the_end_of_a_final_run_is_done_at_once() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(finished)()
    began = time.monotonic()
    stream = await get(path_of(run), key, "from=1000")
    assert time.monotonic() - began < 1
    assert (stream.events, stream.ended_well) == ([], True)


async def test_a_place_beyond_the_end_of_a_running_run_is_waited_for() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await Opened(path_of(run), key, "from=2").begin()
    await sync_to_async(write_turns)(run, 2)
    await asyncio.sleep(0.3)
    await sync_to_async(write_turns)(run, 1)
    assert (await stream.until(2)).seqs == [2]
    await stream.leave()


async def test_a_run_that_ends_before_the_place_waited_for_ends_the_stream() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(run_make)()
    stream = await Opened(path_of(run), key, "from=50").begin()
    await sync_to_async(write_end)(run)
    assert (await stream.rest()).events == []
    assert stream.ended_well


def interrupted_and_resumed() -> EvalRun:
    run = run_make()
    write_end(run, Status.INTERRUPTED)
    write(run, status=Status.PENDING)
    return run


async def test_a_run_that_was_resumed_ends_its_stream_at_its_last_end_only() -> None:
    key, run = await sync_to_async(key_make)(), await sync_to_async(interrupted_and_resumed)()
    stream = await (await Opened(path_of(run), key).begin()).until(0)
    assert stream.events[0]["type"] == "final_status"
    await sync_to_async(write_turns)(run, 1)
    await sync_to_async(write_end)(run)
    assert (await stream.rest()).seqs == [0, 1, 2]
    assert stream.ended_well
