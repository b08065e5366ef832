"""Batches beside the runs of a drain: their steps are taken on a thread of its own, with a connection of its own.

Not on the journal's: to put hundreds of children together, or to add up what ten thousand came to, would hold up every turn meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

from django.db import DatabaseError, InterfaceError, connection

from runs.batches.tick import Ticker

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.25
BROKEN_SECONDS = 2.0


def _close() -> None:
    """Looked up on the thread that calls it: `connection.close` would be that of whoever names it."""
    connection.close()


class Keeper:
    """`step` takes one; `keep` takes them for as long as it is let, and says after each whether anything was done."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evalhub-batches")
        self._ticker = Ticker()

    async def __aenter__(self) -> "Keeper":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.submit(_close)
        self._thread.shutdown(wait=True)

    async def step(self) -> int:
        """How many steps were taken. 0 also while the database is away."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._ticker.step)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The database did not take a step of a batch (%s); it is tried again", str(error).strip())
            self._thread.submit(_close)  # the next step gets a new one
        except Exception:  # else the keeper would end without a word, and the drain with it
            logger.exception("A step of a batch failed; it is tried again")
        await asyncio.sleep(BROKEN_SECONDS)
        return 0

    async def keep(self, done: Callable[[], None]) -> None:
        """Half of the time at most is spent on steps, so that the turns of runs get their part of the processor and of the write lock."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            if await self.step():
                done()
                await asyncio.sleep(loop.time() - began)
            else:
                await asyncio.sleep(LOOK_SECONDS)
