"""Questions to the database from beside the pages: each on a thread and a connection of its own, which wait seconds and not minutes.

For `health` and `metrics`, whose answers are wanted most when the database is away or all places of the pages are taken. However many ask,
the database is asked once at a time, and all who wait hear what came of it.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connections
from django.http import HttpRequest

from evalhub.places import Application, Receive, Scope, Send

T = TypeVar("T")
PATIENCE_S = 3.0
POSTGRES = {"connect_timeout": 2, "tcp_user_timeout": 2000}  # seconds, and milliseconds
STATEMENT_MS = 2000
ARRIVED = "evalhub.arrived"  # in the scope of a request


def _impatient() -> None:
    """Give this thread a connection of its own kind: what hangs must end by itself, or no later question is ever asked."""
    connection = connections["default"].copy()
    options = dict(connection.settings_dict["OPTIONS"])
    if connection.vendor == "postgresql":
        given = options.get("options", "")
        options |= {**POSTGRES, "options": f"{given} -c statement_timeout={STATEMENT_MS}".strip()}
    else:
        options["timeout"] = PATIENCE_S
    connection.settings_dict["OPTIONS"] = options
    connections["default"] = connection


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """What came of a question, and when."""

    at: float
    answer: T | None = None
    error: Exception | None = None


class Probe(Generic[T]):
    """One question, for the one event loop of a process at a time."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._thread = ThreadPoolExecutor(1, "evalhub-probe", _impatient)
        self._asked: Future[Told[T]] | None = None
        self._told: Told[T] | None = None

    async def ask(self, arrived: float | None = None) -> T:
        """What the question returns or raises; TimeoutError when there is no answer in time, counted from the arrival of who asks.

        Whoever had to wait for a place gets what was told since they came, so that a queue never waits once for each who stands in it.
        """
        arrived = time.monotonic() if arrived is None else arrived
        told = self._told if self._told and self._told.at >= arrived else await self._wait(arrived + PATIENCE_S)
        if told.error:
            raise told.error.with_traceback(None)  # else it grows with each who hears it
        return told.answer  # type: ignore[return-value]  # T may be None

    async def _wait(self, until: float) -> Told[T]:
        if self._asked is None or self._asked.done():
            self._asked = self._thread.submit(self._answered)
        waited = asyncio.wrap_future(self._asked)
        # Not wait_for: whoever leaves must not call the question off for the others.
        await asyncio.wait([waited], timeout=until - time.monotonic())
        self._told = waited.result() if waited.done() else Told(time.monotonic(), error=TimeoutError())
        return self._told

    def _answered(self) -> Told[T]:
        try:
            answer = self._question()
            return Told(time.monotonic(), answer)
        except Exception as error:
            return Told(time.monotonic(), error=error)
        finally:
            connections["default"].close()


def timed(application: Application) -> Application:
    """The same application, which can tell when a request came, also after it waited for a place."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await application({**scope, ARRIVED: time.monotonic()}, receive, send)

    return answer


def arrived(request: HttpRequest) -> float | None:
    """When it came, where that was noted."""
    return getattr(request, "scope", {}).get(ARRIVED)
