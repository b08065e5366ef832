"""GET /api/v1/eval-runs/{id}/events as an ASGI application beside Django's: a stream costs a queue, not a thread (decision 9).

Frames are `id: <seq>` and `data: <one JSON object>`; `data: [DONE]` once the run is final (or deleted) and all is sent. An event over
256 KiB is split into `{"__chunk": {"index", "total"}, "data"}` frames; `from` and Last-Event-ID count events, not frames.
"""

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async

from evalhub.accounts.access import Scope, stream_grant
from evalhub.accounts.models import Project
from evalhub.accounts.selectors import Right
from evalhub.common.problems import CONTENT_TYPE, Problem, database_away, invalid, not_found
from runs.engine.outage import is_outage
from runs.live.seats import seats
from runs.live.tail import tail
from runs.live.watch import RightLost, Told
from runs.models import EvalRun

logger = logging.getLogger(__name__)
KEEP_ALIVE_SECONDS = 10.0
KEEP_ALIVE = ": still here\n\n"
DONE = "data: [DONE]\n\n"
PART_CHARACTERS = 64 * 1024
CHUNK_CHARACTERS = 240 * 1024
SPLIT_BYTES = 256 * 1024
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# Of their own, so that a thousand streams that open at once take two database connections, and do not keep the pages waiting.
_openers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="evalhub-streams")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that may begin, the headers that its sender is owed, and the right by which it goes on."""

    run_id: uuid.UUID
    first: int
    headers: Mapping[str, str]
    right: Right


async def events(scope: Message, receive: Receive, send: Send) -> None:
    """The ASGI application. The path's run id is in scope["url_route"]["kwargs"]["run_id"]."""
    with contextlib.ExitStack() as stack:
        try:
            opened = await _seated(scope, stack)
        except Problem as problem:
            await _refuse(send, problem)
            return
        except Exception as error:
            if is_outage(error):
                await _refuse(send, database_away())
                return
            logger.exception("An event stream could not be opened")
            await _refuse(send, Problem(500, "EvalHub itself failed. The server's log has the details."))
            return
        await _start(send, 200, {**HEADERS, **opened.headers})
        await _while_listening(_stream(opened, send), receive)


async def _seated(scope: Message, stack: contextlib.ExitStack) -> Opened:
    """What is to be streamed, once there is a seat for it until the stack ends. Raises a Problem."""
    stack.enter_context(seats.one())
    opened: Opened = await database_sync_to_async(_open, thread_sensitive=False, executor=_openers)(scope)
    with _owing(opened.headers):
        stack.enter_context(seats.of(opened.right.identity))
    return opened


@contextlib.contextmanager
def _owing(headers: Mapping[str, str]) -> Iterator[None]:
    """Problems get these headers too."""
    try:
        yield
    except Problem as problem:
        problem.headers = {**headers, **problem.headers}
        raise


def _open(scope: Message) -> Opened:
    """Check method, sender, run and position, in this order. Raises a Problem."""
    if scope["method"] != "GET":
        raise Problem(405, f"{scope['method']} is not possible on this path.", headers={"Allow": "GET"})
    grant = stream_grant(scope, Scope.READ)
    with _owing(grant.headers):
        run_id = _run_id(grant.project, scope["url_route"]["kwargs"]["run_id"])
        return Opened(run_id, _first(scope), grant.headers, grant.right(Scope.READ))


def _run_id(project: Project, text: str) -> uuid.UUID:
    with contextlib.suppress(ValueError):
        run_id = uuid.UUID(text)
        if EvalRun.objects.of(project).filter(pk=run_id).exists():
            return run_id
    raise not_found("path.run_id", "run", text)


def _first(scope: Message) -> int:
    """The number of the first event wanted: Last-Event-ID is newer than the address a client reconnects to, so it wins."""
    last = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin-1").strip()
    if last:
        return _number("header.Last-Event-ID", last) + 1
    given = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True).get("from")
    return _number("query.from", given[0]) if given else 0


def _number(location: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    name = location.partition(".")[2]
    raise invalid(location, f"{name} must be a whole number, 0 or more, of at most 9 digits.", value=text)


async def _refuse(send: Send, problem: Problem) -> None:
    body = json.dumps(problem.body())
    await _start(send, problem.status, {**problem.headers, "Content-Type": CONTENT_TYPE, "Content-Length": str(len(body))})
    await _body(send, body, more=False)


async def _while_listening(streaming: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Stream until the end, or until the client has gone away."""
    tasks = [asyncio.ensure_future(streaming), asyncio.ensure_future(_left(receive))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _left(receive: Receive) -> None:
    """Returns when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stream(opened: Opened, send: Send) -> None:
    """After a fault it ends without [DONE], so that the client resumes; so it does when the right is lost, and the client learns why."""
    end = ""
    beating = asyncio.create_task(_beat(send))
    try:
        async with tail.watch(opened.run_id, opened.first, opened.right) as watch:
            while batch := await watch.batch():
                for part in parts(batch):
                    await _body(send, part)
        end = DONE
    except RightLost:
        logger.info("The event stream of run %s ends: its sender may not read it any more", opened.run_id)
    except Exception:
        logger.exception("The event stream of run %s broke", opened.run_id)
    finally:
        beating.cancel()
    await _body(send, end, more=False)


async def _beat(send: Send) -> None:
    """A comment now, since the headers leave with the first bytes, and whenever a client might take the silence for a lost connection."""
    while True:
        await _body(send, KEEP_ALIVE)
        await asyncio.sleep(KEEP_ALIVE_SECONDS)


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _body(send: Send, text: str, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


def parts(batch: Iterable[Told]) -> Iterator[str]:
    """The frames of events, gathered into parts that are worth a call each and wait for a slow client one by one."""
    gathered = ""
    for frame in (frame for event in batch for frame in _frames_once(event)):
        gathered += frame
        if len(gathered) >= PART_CHARACTERS:
            yield gathered
            gathered = ""
    if gathered:
        yield gathered


def _frames_once(event: Told) -> Sequence[str]:
    if not event.frames:
        event.frames = tuple(frames(event))
    return event.frames


def frames(event: Mapping[str, Any]) -> Iterator[str]:
    """The frames of one event: one, or several pieces of a large one.

    Only the last piece has the id: a client that is cut in the middle of an event resumes before it.
    """
    # Pure ASCII: clients that split lines as Python does would cut at a U+2028, and no piece of a split event ends inside a character.
    text = json.dumps(event, separators=(",", ":"))
    if len(text) <= SPLIT_BYTES:
        yield f"id: {event['seq']}\ndata: {text}\n\n"
        return
    pieces = [text[start : start + CHUNK_CHARACTERS] for start in range(0, len(text), CHUNK_CHARACTERS)]
    for index, piece in enumerate(pieces):
        frame = json.dumps({"__chunk": {"index": index, "total": len(pieces)}, "data": piece}, separators=(",", ":"))
        number = f"id: {event['seq']}\n" if index == len(pieces) - 1 else ""
        yield f"{number}data: {frame}\n\n"
