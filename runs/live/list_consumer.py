"""One WebSocket a list: it is told which runs the page shows, and sends their rows when they change and how many runs have come."""

import asyncio
import contextlib
import json
import logging
import uuid
from datetime import datetime
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import QueryDict

from evalhub.accounts.access import Scope
from evalhub.accounts.models import Project
from evalhub.accounts.selectors import Right, person
from evalhub.common.problems import Problem
from runs.filters import RunFilters
from runs.finding import Wanted
from runs.live.consumers import BROKEN, FULL, NOT_YOURS
from runs.live.lists import Look, News, lists, right_to
from runs.live.seats import seats
from runs.live.watch import RightLost

MOST_SAID = 20_000  # characters of what a page shows: 200 ids
Opening = tuple[Right, Project, Wanted]
logger = logging.getLogger(__name__)


class ListConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Closes with 4404 when there is no such project for this person (any more), with 1013 when too many sockets are open.

    The page says {"runs": [ids], "since": time}; it is told {"rows": html, "gone": [ids], "fresh": number}.
    """

    following: asyncio.Task[None] | None = None
    look: Look | None = None
    said: tuple[list[uuid.UUID], datetime] | None = None

    async def connect(self) -> None:
        await self.accept()
        self.following = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        if self.following:
            self.following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.following

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """What the page shows now. What cannot be read is nobody's page, and the socket ends."""
        try:
            self.said = _read(text_data or "")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            await self.close(code=BROKEN)
            return
        if self.look:
            self.look.shows(*self.said)

    async def _follow(self) -> None:
        try:
            with seats.one(), seats.of(person(self.scope["user"])):
                await self._send_all()
        except RightLost:
            await self.close(code=NOT_YOURS)
        except Problem:
            await self.close(code=FULL)
        except Exception:
            logger.exception("A list's socket broke")
            await self.close(code=BROKEN)  # the page reconnects, or polls

    async def _send_all(self) -> None:
        opening = await database_sync_to_async(_opening)(self.scope)
        if opening is None:
            await self.close(code=NOT_YOURS)
            return
        async with lists.look(*opening) as self.look:
            if self.said:
                self.look.shows(*self.said)
            while True:
                await self.send(text_data=_written(await self.look.news()))


def _opening(scope: dict[str, Any]) -> Opening | None:
    """The right to the list, its project and what it asks for; None where this person has no such project."""
    project_id = scope["url_route"]["kwargs"]["project_id"]
    user = scope["user"]
    right = right_to(person(user), project_id, str(Scope.READ)) if user.is_authenticated else None
    if right is None:
        return None
    project = Project.objects.get(pk=project_id)
    return right, project, RunFilters(QueryDict(scope.get("query_string", b"")), project).wanted


def _read(text: str) -> tuple[list[uuid.UUID], datetime]:
    """Raises what reading foreign JSON raises."""
    if len(text) > MOST_SAID:
        raise ValueError("more than a page can show")
    told = json.loads(text)
    since = datetime.fromisoformat(told["since"])
    if since.tzinfo is None:
        raise ValueError("a time without a zone")
    return [uuid.UUID(run_id) for run_id in told["runs"]], since


def _written(news: News) -> str:
    return json.dumps({"rows": "".join(news.rows), "gone": [str(run_id) for run_id in news.gone], "fresh": news.fresh})
