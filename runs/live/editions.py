"""The HTML of open pages, made once for all who watch a run in this process. For the WebSocket consumer.

Nothing in it may differ from one reader to another: what depends on a role stands in the page itself (templates/runs/run.html).
"""

import asyncio
import uuid

from channels.db import database_sync_to_async

from runs.live import render
from runs.live.watch import Batch
from runs.models import EvalRun

Opening = tuple[str, int, bool]

_being_made: dict[tuple[uuid.UUID, int | None], asyncio.Future[Opening | None]] = {}


async def opening(run_id: uuid.UUID, after: int | None = None) -> Opening | None:
    """(html, next event number, whether the run is final), or None when it was deleted. Those who come while one is made share it.

    The html is what came after event `after`, "" where nothing did. A snapshot without that number, or when too much came since.
    """
    key = run_id, after
    making = _being_made.get(key)
    if making is None:
        making = _being_made[key] = asyncio.ensure_future(database_sync_to_async(_opening)(run_id, after))
        making.add_done_callback(lambda _: _being_made.pop(key, None))
    return await asyncio.shield(making)  # who leaves must not take it from the others


async def update(run_id: uuid.UUID, batch: Batch) -> str:
    """What these events changed; "" when the run was deleted. Made by the first who asks, kept with the last of the events."""
    first, kept = batch[0]["seq"], batch[-1].updates
    if first not in kept:
        kept[first] = asyncio.ensure_future(database_sync_to_async(_update)(run_id, batch))
    made = kept[first]
    return made.result() if made.done() else await asyncio.shield(made)


def _opening(run_id: uuid.UUID, after: int | None) -> Opening | None:
    run = EvalRun.objects.filter(pk=run_id).first()
    return (render.since_html(run, after), run.next_seq, run.is_final) if run else None


def _update(run_id: uuid.UUID, batch: Batch) -> str:
    run = EvalRun.objects.filter(pk=run_id).first()
    return render.update_html(run, batch) if run else ""
