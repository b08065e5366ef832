"""Many requests at once: each gets its answer, and the database is not asked for more connections than it has."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import psycopg
import pytest

from tests.process.running import Up, evalhub

REQUESTS = 200
MOST_CONNECTIONS = 30  # of web, worker and what counts them; a PostgreSQL as it is installed has 100


async def burst(url: str, key: str) -> Counter[int]:
    """How often each status came back for requests that are all sent at once."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers={"Authorization": f"Bearer {key}"}) as session:

        async def one() -> int:
            async with session.get(f"{url}/api/v1/eval-runs?page_size=20") as response:
                await response.read()
                return response.status

        return Counter(await asyncio.gather(*(one() for _ in range(REQUESTS))))


async def with_peak(work: asyncio.Task[Counter[int]], database: str) -> tuple[Counter[int], int]:
    """The result, and the most connections that the database had meanwhile."""
    counting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    peak = 0
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        while not work.done():
            found = await (await connection.execute(counting)).fetchone()
            peak = max(peak, found[0] if found else 0)
            await asyncio.sleep(0.01)
    return work.result(), peak


@pytest.mark.postgres
async def test_two_hundred_requests_at_once_share_a_few_connections(up: Callable[..., Up], folder: Path, database: str) -> None:
    server = await asyncio.to_thread(up, "--no-demo", DATABASE_URL=database)
    key = (await asyncio.to_thread(evalhub, "create-key", "burst", "--data-dir", str(folder), DATABASE_URL=database)).stdout.strip()
    statuses, peak = await with_peak(asyncio.create_task(burst(server.url, key)), database)
    assert statuses == {200: REQUESTS}
    assert peak <= MOST_CONNECTIONS
