"""An aiohttp application on a free port of loopback, served by a thread of its own for as long as a test needs it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web


@contextmanager
def served(application: web.Application) -> Iterator[str]:
    """Its address, http://127.0.0.1:PORT."""
    loop, started, found = asyncio.new_event_loop(), threading.Event(), list[str]()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(application, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(start())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    assert started.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
