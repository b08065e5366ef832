"""How many requests Django works on at once. Each has a thread and a database connection of its own, and PostgreSQL's are counted.

Event streams and WebSockets stand beside Django and take no place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext

Message = Mapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def bounded(application: Application, places: int) -> Application:
    """The same application for at most `places` requests at once; the others wait their turn, first come, first served.

    A place keeps its thread from one request to the next, and with it the connection to the database where settings say so.
    """
    free = asyncio.Semaphore(places)
    threads: list[ThreadPoolExecutor] = []  # those that nobody has; the one that came back last is the next, so that few are made

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async with free:
            thread = threads.pop() if threads else ThreadPoolExecutor(max_workers=1, thread_name_prefix="evalhub-place")
            try:
                # Django makes such a context too, and the outermost counts.
                async with ThreadSensitiveContext(executor=thread):
                    await application(scope, receive, send)
            finally:
                threads.append(thread)

    return answer
