"""The gates of one worker process and the task that keeps their shares. Made by the engine's drain, one for each event loop."""

import asyncio
import contextlib
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from agents.limits import ledger
from agents.limits.gate import ProviderGate

logger = logging.getLogger(__name__)
LEAVE_TRIES = 3
LEAVE_PAUSE_S = 0.5
Call = Callable[[Callable[[], Any]], Awaitable[Any]]


class Gates:
    """The gates by load key. `call` runs a function with database access outside the loop, as `Journal.call` does.

    `holder` names the process, for `ledger.bury`.
    """

    def __init__(self, call: Call, holder: uuid.UUID | None = None) -> None:
        self._call = call
        self._holder = holder or uuid.uuid4()
        self._gates: dict[str, ProviderGate] = {}
        self._hurried = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Gates":
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give every share up, so that other workers have it at once."""
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._gates:
            await self._leave()

    async def _leave(self) -> None:
        """Worth some tries: what is not given up here counts for minutes."""
        for left in reversed(range(LEAVE_TRIES)):
            try:
                await self._call(partial(ledger.leave, self._holder))
            except Exception as failure:
                logger.warning("The shares of this worker were not given up (%s); %s more tries", failure, left)
                await asyncio.sleep(LEAVE_PAUSE_S if left else 0)
            else:
                return

    def of(self, key: str, timeout_s: float) -> ProviderGate | None:
        """The gate of a load, for requests that take so long at most; None for what has no limits at all, as the demo models."""
        if not key:
            return None
        gate = self._gates.get(key) or ProviderGate(key, self._hurried.set, settings.ENV.model_patience)
        gate.timeout_s = max(gate.timeout_s, timeout_s)
        return self._gates.setdefault(key, gate)

    async def _keep(self) -> None:
        while True:
            await self._until_due()
            now = time.monotonic()
            due = [gate for gate in self._gates.values() if gate.due <= now]
            if due:
                await self._settle(due)

    async def _until_due(self) -> None:
        """Until the earliest report is due, which whoever comes to a gate may have moved."""
        earliest = min((gate.due for gate in self._gates.values()), default=math.inf)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurried.wait(), None if earliest == math.inf else max(0.0, earliest - time.monotonic()))
        self._hurried.clear()

    async def _settle(self, due: Sequence[ProviderGate]) -> None:
        leaving = [gate.key for gate in due if gate.rest()]
        staying = [gate for gate in due if gate.key not in leaving]
        reports = [gate.report() for gate in staying]
        try:
            grants = await self._call(partial(ledger.settle, self._holder, reports, leaving))
        except Exception as error:
            unexpected = not isinstance(error, DatabaseError | InterfaceError)
            logger.warning("Limits of providers were not renewed (%s); the last grant holds for some seconds", error, exc_info=unexpected)
            for gate in staying:
                gate.retry()
            return
        for gate in staying:
            gate.accept(grants[gate.key])
