"""How many requests Django works on at once. Each has a thread and a database connection of its own, and PostgreSQL's are counted.

Event streams and WebSockets stand beside Django and take no place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = Mapping[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def bounded(application: Application, places: int) -> Application:
    """The same application for at most `places` requests at once; the others wait their turn, first come, first served."""
    free = asyncio.Semaphore(places)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async with free:
            await application(scope, receive, send)

    return answer
