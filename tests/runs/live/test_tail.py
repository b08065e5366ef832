"""One tail serves all watchers of a process: in order, nothing missing, nothing twice."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from runs.events import log
from runs.events.types import TurnStarted
from runs.live.tail import Tail
from runs.models import EvalRun
from tests.support.runs import run_make

pytestmark = pytest.mark.django_db(transaction=True)


def write(run: EvalRun, count: int = 1) -> None:
    """Events from another connection, as a worker process writes them."""

    def work() -> None:
        run.refresh_from_db()
        log.append(run, [TurnStarted(turn_index=run.next_seq + number) for number in range(count)])
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def seqs(watch: Any, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        batch = await asyncio.wait_for(watch.batch(), 5)
        found += [event["seq"] for event in batch]
    return found


async def test_a_watcher_gets_what_is_there_and_what_comes() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write)(run, 3)
    async with tail.watch(run.id, 0) as watch:
        assert await seqs(watch, 3) == [0, 1, 2]
        await sync_to_async(write)(run, 2)
        assert await seqs(watch, 2) == [3, 4]


async def test_two_watchers_at_different_places_get_each_their_own() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write)(run, 5)
    async with tail.watch(run.id, 0) as early, tail.watch(run.id, 4) as late:
        assert await seqs(early, 5) == [0, 1, 2, 3, 4]
        assert await seqs(late, 1) == [4]
        await sync_to_async(write)(run)
        assert await seqs(early, 1) == await seqs(late, 1) == [5]


async def test_events_of_other_runs_are_not_given() -> None:
    tail = Tail()
    mine, other = await sync_to_async(run_make)(), await sync_to_async(run_make)()
    async with tail.watch(mine.id, 0) as watch:
        await sync_to_async(write)(other)
        await sync_to_async(write)(mine)
        batch = await asyncio.wait_for(watch.batch(), 5)
        assert [(event["run_id"], event["seq"]) for event in batch] == [(str(mine.id), 0)]


async def test_more_than_one_batch_arrives_whole() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    await sync_to_async(write)(run, 2500)
    async with tail.watch(run.id, 0) as watch:
        assert await seqs(watch, 2500) == list(range(2500))


async def test_an_event_arrives_soon_after_its_commit() -> None:
    tail, run = Tail(), await sync_to_async(run_make)()
    async with tail.watch(run.id, 0) as watch:
        await asyncio.sleep(0.2)
        await sync_to_async(write)(run)
        assert await asyncio.wait_for(watch.batch(), 1)


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
        await sync_to_async(write)(run, 2)
        assert await seqs(watch, 2) == [0, 1]
