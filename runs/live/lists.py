"""What is new for open lists: the rows of runs that are not over, and how many runs came since the list was made.

One look a second for all lists of a process, while there are any, and each changed row is rendered once for all who show it. A list is read
by eye: what a run's own page shows within milliseconds (runs.live.tail) may take a second here. For the WebSocket consumer.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.db import database_sync_to_async
from django.template.loader import render_to_string

from evalhub.accounts.models import Project
from evalhub.accounts.selectors import Right, rights_held
from runs.finding import Wanted, came_since, newest
from runs.live.rows import rows, runs_of
from runs.live.watch import RightLost
from runs.models import EvalRun

logger = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
CHECK_SECONDS = 60.0  # how long an open list outlives the right to it
MOST_SHOWN = 200
IDS = 500
SHOWN = (
    *("status", "cancel_requested_at", "started_at", "completed_at", "error_reason", "uses_demo", "score", "adaptation_score"),
    *("total_turns", "planned_turns", "simulation_cost_usd", "evaluation_cost_usd", "unpriced_calls"),
)
State = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class News:
    """Rows as HTML, runs that were deleted, and how many runs came that the list does not show."""

    rows: Sequence[str] = ()
    gone: Sequence[uuid.UUID] = ()
    fresh: int = 0


@dataclass(eq=False, slots=True)
class Look:
    """One open list. `shown` are its runs that were not over when it last said so, each with the state that it was sent."""

    right: Right
    project: Project
    wanted: Wanted
    loop: asyncio.AbstractEventLoop
    shown: dict[uuid.UUID, State] = field(default_factory=dict)
    since: datetime | None = None
    fresh: int = 0
    refused: bool = False
    seen_newest: uuid.UUID | None = None
    _news: "asyncio.Queue[News | None]" = field(default_factory=asyncio.Queue)

    def shows(self, runs: Iterable[uuid.UUID], since: datetime) -> None:
        """The page says what it shows now: after it was opened, after a reconnect and after more rows were loaded."""
        self.shown = {run_id: self.shown.get(run_id, ()) for run_id in list(runs)[:MOST_SHOWN]}
        self.since, self.seen_newest = since, None

    async def news(self) -> News:
        """What comes next. Raises RightLost."""
        told = await self._news.get()
        if told is None:
            raise RightLost
        return told

    def tell(self, news: News | None) -> None:
        """From the thread that looked."""
        with contextlib.suppress(RuntimeError):  # the loop is closing
            self.loop.call_soon_threadsafe(self._news.put_nowait, news)


class Lists:
    """The open lists of a process."""

    def __init__(self) -> None:
        self._looks: set[Look] = set()
        self._task: asyncio.Task[None] | None = None
        self._checked_at = 0.0

    @contextlib.asynccontextmanager
    async def look(self, right: Right, project: Project, wanted: Wanted) -> AsyncIterator[Look]:
        look = Look(right, project, wanted, asyncio.get_running_loop())
        self._looks.add(look)
        if self._task is None or self._task.done() or self._task.get_loop() is not look.loop:
            self._task = asyncio.create_task(self._follow())
        try:
            yield look
        finally:
            self._looks.discard(look)

    async def _follow(self) -> None:
        while self._looks:
            try:
                await database_sync_to_async(self._serve)(list(self._looks))
            except Exception:
                # The database is away, mostly. The task serves every open list, so it must outlive whatever this is.
                logger.warning("The open lists could not be looked after; trying again", exc_info=True)
            await asyncio.sleep(LOOK_SECONDS)

    def _serve(self, looks: Sequence[Look]) -> None:
        if time.monotonic() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = time.monotonic()
            looks = _with_right(looks)
        for project in {look.project for look in looks}:
            _tell(project, [look for look in looks if look.project == project])


def _with_right(looks: Sequence[Look]) -> list[Look]:
    """Tells those whose right is lost. Two queries at most."""
    held = rights_held({look.right for look in looks})
    for look in looks:
        if look.right not in held and not look.refused:
            look.refused = True
            look.tell(None)
    return [look for look in looks if not look.refused]


def _tell(project: Project, looks: Sequence[Look]) -> None:
    """Two queries, one more a list for which runs may have come.

    A page may say meanwhile that it shows others: then the next look is for those, and what this one found is not told.
    """
    shown = {look: look.shown for look in looks}
    runs = _runs(project, {run_id for ids in shown.values() for run_id in ids})
    made: dict[uuid.UUID, str] = {}
    last = newest(project)
    for look, states in shown.items():
        changed = [runs[run_id] for run_id, sent in states.items() if run_id in runs and _state(runs[run_id]) != sent]
        gone = [run_id for run_id in states if run_id not in runs]
        fresh = _fresh(look, last)
        if look.shown is states and (changed or gone or fresh != look.fresh):
            for run in changed:
                made[run.id] = made.get(run.id) or render_to_string("runs/_row.html", {"row": rows([run])[0]})
            look.shown = {run_id: _state(runs[run_id]) for run_id in states if run_id in runs}
            look.fresh = fresh
            look.tell(News([made[run.id] for run in changed], gone, fresh))


def _runs(project: Project, run_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, EvalRun]:
    """Those that are there. One query for up to 500."""
    ids = list(run_ids)
    found = (run for start in range(0, len(ids), IDS) for run in runs_of(project, ids[start : start + IDS]))
    return {run.id: run for run in found}


def _state(run: EvalRun) -> State:
    """What a row shows, but for the time, which the page counts on by itself."""
    return tuple(getattr(run, name) for name in SHOWN)


def _fresh(look: Look, last: uuid.UUID | None) -> int:
    """Counted again only when the project has another newest run. A search finds a run once it is over, so its lists are not told."""
    if look.since is None or look.wanted.text:
        return 0
    if last == look.seen_newest:
        return look.fresh
    look.seen_newest = last
    return came_since(project=look.project, wanted=look.wanted, since=look.since)


def right_to(identity: str, project_id: uuid.UUID, scope: str) -> Right | None:
    right = Right(identity, project_id, scope)
    return right if right in rights_held({right}) else None


lists = Lists()
