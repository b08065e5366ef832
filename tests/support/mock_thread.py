"""The mock model server in a thread of its own, for tests whose code under test runs its own event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from tests.support.mock_server import MockModelServer


@contextlib.contextmanager
def mock_server() -> Iterator[MockModelServer]:
    """A running server; it is stopped, its hanging answers included, when the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = MockModelServer()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
