"""One WebSocket a watched run: first what the page missed, then what changes, as the HTML the page itself is made of.

The page says in its address after which event: `?after=41`. Without a number, or far behind, it gets a snapshot of its live parts.
"""

import asyncio
import contextlib
import logging
import re
import uuid
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from evalhub.accounts.access import Scope
from evalhub.accounts.selectors import Right, memberships_of, person
from evalhub.common.problems import Problem
from runs.live import editions
from runs.live.seats import seats
from runs.live.tail import tail
from runs.live.watch import RightLost, parcels
from runs.models import EvalRun

FINISHED = 4000
NOT_YOURS = 4404
BROKEN = 1011
FULL = 1013
logger = logging.getLogger(__name__)


class RunConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Closes with 4000 when the run is final and all is sent, with 4404 when there is no such run for this person (any more).

    With 1013 when too many sockets and streams are open.
    """

    following: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        run_id = self.scope["url_route"]["kwargs"]["run_id"]
        await self.accept()
        self.following = asyncio.create_task(self._follow(run_id))

    async def disconnect(self, code: int) -> None:
        if self.following:
            self.following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.following

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """A page has nothing to say here: its actions are forms."""

    async def _follow(self, run_id: uuid.UUID) -> None:
        try:
            with seats.one(), seats.of(person(self.scope["user"])):
                await self._send_all(run_id)
        except RightLost:
            await self.close(code=NOT_YOURS)
        except Problem:
            await self.close(code=FULL)
        except Exception:
            logger.exception("A page's socket for run %s broke", run_id)
            await self.close(code=BROKEN)  # the page reconnects, or polls

    async def _send_all(self, run_id: uuid.UUID) -> None:
        right = await database_sync_to_async(_right)(self.scope, run_id)
        opening = await editions.opening(run_id, _after(self.scope["query_string"])) if right else None
        if opening is None:
            await self.close(code=NOT_YOURS)
            return
        html, next_seq, final = opening
        async with tail.watch(run_id, next_seq, right) as watch:
            if html:
                await self.send(text_data=html)
            while not final and (batch := await watch.batch()):
                for parcel in parcels(batch):
                    if html := await editions.update(run_id, parcel):
                        await self.send(text_data=html)
        await self.close(code=FINISHED)


def _after(query: bytes) -> int | None:
    found = re.search(rb"(?:^|&)after=(\d{1,18})(?:&|$)", query)
    return int(found[1]) if found else None


def _right(scope: dict[str, Any], run_id: uuid.UUID) -> Right | None:
    """The right to watch it, None where this person has no such run."""
    projects = [membership.project_id for membership in memberships_of(scope["user"])]
    project = EvalRun.objects.filter(pk=run_id, project__in=projects).values_list("project", flat=True).first()
    return Right(person(scope["user"]), project, str(Scope.READ)) if project else None
