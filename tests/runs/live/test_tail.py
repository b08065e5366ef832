"""One tail serves all watchers of a process: in order, nothing missing, nothing twice."""

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created

from runs.live import sse
from runs.live.tail import BATCH, SAFETY_SECONDS, Tail
from runs.live.watch import ROOM, Watch, parcels
from runs.models import EvalRun
from tests.runs.live.streams import Opened, key_make, path_of, write_end, write_turns
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


async def seqs(watch: Watch, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        batch = await asyncio.wait_for(watch.batch(), 5)
        found += [event["seq"] for event in batch]
    return found


async def test_a_watcher_gets_what_is_there_and_what_comes() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write_turns)(run, 3)
    async with tail.watch(run.id, 0) as watch:
        assert await seqs(watch, 3) == [0, 1, 2]
        await sync_to_async(write_turns)(run, 2)
        assert await seqs(watch, 2) == [3, 4]


async def test_two_watchers_at_different_places_get_each_their_own() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write_turns)(run, 5)
    async with tail.watch(run.id, 0) as early, tail.watch(run.id, 4) as late:
        assert await seqs(early, 5) == [0, 1, 2, 3, 4]
        assert await seqs(late, 1) == [4]
        await sync_to_async(write_turns)(run, 1)
        assert await seqs(early, 1) == await seqs(late, 1) == [5]


async def test_events_of_other_runs_are_not_given() -> None:
    tail = Tail()
    mine, other = await sync_to_async(run_make)(), await sync_to_async(run_make)()
    async with tail.watch(mine.id, 0) as watch:
        await sync_to_async(write_turns)(other, 1)
        await sync_to_async(write_turns)(mine, 1)
        batch = await asyncio.wait_for(watch.batch(), 5)
        assert [(event["run_id"], event["seq"]) for event in batch] == [(str(mine.id), 0)]


async def test_more_than_one_batch_arrives_whole() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write_turns)(run, 2500)
    async with tail.watch(run.id, 0) as watch:
        assert await seqs(watch, 2500) == list(range(2500))


async def test_readers_that_gather_differently_have_the_same_parcels() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as often, tail.watch(run.id, 0) as seldom:
        one_by_one = []
        for _ in range(3):
            await sync_to_async(write_turns)(run, 1)
            one_by_one.append(await asyncio.wait_for(often.batch(), 5))
        assert parcels(await asyncio.wait_for(seldom.batch(), 5)) == one_by_one
        assert [len(parcel) for parcel in one_by_one] == [1, 1, 1]


def write_one_by_one(run: EvalRun, count: int) -> None:
    """While it writes, the event loop of who calls it does nothing."""
    for _ in range(count):
        write_turns(run, 1)
        time.sleep(0.05)  # longer than the tail rests between two looks


async def test_an_event_loop_that_is_behind_is_given_many_events_as_one_parcel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.live.tail.SETTLE_SECONDS", 30.0)
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        await sync_to_async(write_turns)(run, 1)
        await asyncio.wait_for(watch.batch(), 5)
        write_one_by_one(run, 10)
        given = []
        while sum(map(len, given)) < 10:
            given += parcels(await asyncio.wait_for(watch.batch(), 5))
        assert len(given) <= 3


async def test_an_event_loop_that_is_stuck_does_not_keep_the_tail_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.live.tail.SETTLE_SECONDS", 0.01)
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        write_one_by_one(run, 10)
        assert len(watch._events) >= 6


async def test_an_event_arrives_soon_after_its_commit() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        await asyncio.sleep(0.2)
        await sync_to_async(write_turns)(run, 1)
        assert await asyncio.wait_for(watch.batch(), 1)


async def test_the_end_of_a_run_is_an_empty_batch_ever_after() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        await sync_to_async(write_end)(run)
        assert await seqs(watch, 1) == [0]
        assert [await asyncio.wait_for(watch.batch(), 5) for _ in range(2)] == [[], []]


async def test_a_run_that_is_not_there_is_over_at_once() -> None:
    async with Tail().watch(uuid.uuid4(), 0) as watch:
        assert await asyncio.wait_for(watch.batch(), 1) == []


async def test_nothing_is_lost_when_waiting_is_cut_short() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watch.batch(), 0.1)
        await sync_to_async(write_turns)(run, 1)
        assert await seqs(watch, 1) == [0]


async def test_a_slow_watcher_holds_little_and_still_gets_all() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as slow, tail.watch(run.id, 0) as quick:
        for _ in range(8):
            await sync_to_async(write_turns)(run, BATCH)
        assert await seqs(quick, 8 * BATCH) == list(range(8 * BATCH))  # it waits for nobody
        assert 0 < len(slow._events) < ROOM + BATCH
        assert await seqs(slow, 8 * BATCH) == list(range(8 * BATCH))


def tails() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "evalhub-tail"}


@pytest.fixture
def queries() -> Iterator[list[tuple[str, str]]]:
    """(thread, SQL) of every query on a connection that is made from now on."""
    asked: list[tuple[str, str]] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append((threading.current_thread().name, sql))
        return execute(sql, *rest)

    def listen(connection: Any, **_: Any) -> None:
        connection.execute_wrappers.append(note)

    connection_created.connect(listen)
    yield asked
    connection_created.disconnect(listen)


async def test_many_idle_streams_cost_one_thread_and_one_small_query_now_and_then(
    queries: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "tail", Tail())
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.1)
    before = tails()
    key, runs = await sync_to_async(key_make)(), [await sync_to_async(run_make)() for _ in range(5)]
    streams = [await Opened(path_of(run), key).begin() for run in runs for _ in range(8)]
    await asyncio.sleep(0.5)  # the passes that new watchers ask for
    queries.clear()
    await asyncio.sleep(SAFETY_SECONDS)
    asked = [(thread, sql) for thread, sql in queries if "data_version" not in sql]
    assert {thread for thread, _ in asked} == {"evalhub-tail"}
    assert 1 <= len(asked) <= 2
    assert all("runs_evalrun" in sql for _, sql in asked)
    assert len(tails() - before) == 1
    for stream in streams:
        await stream.leave()


def drop_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.skipif(not settings.IS_POSTGRES, reason="only PostgreSQL drops connections")
async def test_it_outlives_a_dropped_connection() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        await asyncio.sleep(0.3)
        await sync_to_async(drop_other_connections)()
        await sync_to_async(write_turns)(run, 2)
        assert await seqs(watch, 2) == [0, 1]
