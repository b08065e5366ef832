"""GET /api/v1/eval-runs/{id}/events as an ASGI application beside Django's: a stream costs a queue, not a thread (decision 9).

Frames are `id: <seq>` and `data: <one JSON object>`; `data: [DONE]` once the run is final and all is sent. An event over 256 KiB is
split into `{"__chunk": {"index", "total"}, "data"}` frames; `from` and Last-Event-ID count events, not frames.
"""

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async

from evalhub.accounts.models import ApiKey
from evalhub.accounts.selectors import api_key_find, bearer_token
from evalhub.common.problems import problem
from runs.live.tail import tail
from runs.models import EvalRun
from runs.states import FINAL

logger = logging.getLogger(__name__)
KEEP_ALIVE_SECONDS = 10.0
CHUNK_CHARACTERS = 240 * 1024
SPLIT_BYTES = 256 * 1024

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Refusal(Exception):
    """An answer other than a stream."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that may begin."""

    run_id: uuid.UUID
    first: int


async def events(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application. The path's run id is in scope["url_route"]["kwargs"]["run_id"]."""
    try:
        opened = await database_sync_to_async(_open)(scope)
    except Refusal as refusal:
        await _refuse(send, refusal)
        return
    except Exception:
        logger.exception("An event stream could not be opened")
        await _refuse(send, Refusal(500, "EvalHub could not open this stream; its log says why. Try again."))
        return
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    streaming = asyncio.create_task(_stream(opened, send))
    leaving = asyncio.create_task(_left(receive))
    done, pending = await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    for task in done:
        task.result()


def _open(scope: Scope) -> Opened:
    """Check method, key, run and position, in this order. Raises Refusal."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if scope["method"] != "GET":
        raise Refusal(405, f"{scope['method']} is not allowed here; the event stream is read with GET.")
    key = api_key_find(bearer_token(headers.get("authorization", "")))
    if key is None:
        raise Refusal(401, "No valid API key. Send it as: Authorization: Bearer sk_…")
    if key.scopes and ApiKey.Scope.READ not in key.scopes:
        raise Refusal(403, "This key may not read runs.")
    run_id = _run_id(scope["url_route"]["kwargs"]["run_id"])
    if run_id is None or not EvalRun.objects.of(key.project).filter(pk=run_id).exists():
        raise Refusal(404, "Eval run not found.", code="not_found")
    return Opened(run_id, _first(scope, headers))


def _run_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _first(scope: Scope, headers: dict[str, str]) -> int:
    """The number of the first event wanted: Last-Event-ID is newer than the address a client reconnects to, so it wins."""
    last = headers.get("last-event-id", "").strip()
    if last:
        return _number("header.Last-Event-ID", last) + 1
    given = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True).get("from")
    return _number("query.from", given[0]) if given else 0


def _number(location: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    field = location.partition(".")[2]
    error = {"location": location, "field": field, "message": "Must be a whole number, 0 or more.", "value": text[:100], "code": "invalid"}
    raise Refusal(422, f"{field} must be a whole number, 0 or more.", errors=[error])


async def _refuse(send: Send, refusal: Refusal) -> None:
    body = json.dumps(problem(refusal.status, refusal.detail, **refusal.more)).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.status == 405:
        headers.append((b"allow", b"GET"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _left(receive: Receive) -> None:
    """Returns when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stream(opened: Opened, send: Send) -> None:
    async with tail.watch(opened.run_id, opened.first) as watch:
        final = await database_sync_to_async(_sent_all)(opened.run_id, opened.first)
        while not final:
            try:
                batch = await asyncio.wait_for(watch.queue.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                await _body(send, ": still here\n\n")
                # A resumed stream of a finished run, or a run that was deleted, would wait for ever.
                final = await database_sync_to_async(_sent_all)(opened.run_id, watch.next_seq)
                continue
            await _body(send, "".join(frame for event in batch for frame in frames(event)))
            final = batch[-1]["type"] == "final_status"
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


def _sent_all(run_id: uuid.UUID, next_seq: int) -> bool:
    """Whether nothing is left to say: the run is final, or gone, and its last event is behind `next_seq`."""
    run = EvalRun.objects.filter(pk=run_id).values_list("status", "next_seq").first()
    return run is None or (run[0] in FINAL and run[1] <= next_seq)


async def _body(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


def frames(event: dict[str, Any]) -> Iterator[str]:
    """The frames of one event: one, or several pieces of a large one."""
    # Pure ASCII: clients that split lines as Python does would cut at a U+2028, and no piece of a split event ends inside a character.
    text = json.dumps(event, separators=(",", ":"))
    if len(text) <= SPLIT_BYTES:
        yield f"id: {event['seq']}\ndata: {text}\n\n"
        return
    pieces = [text[start : start + CHUNK_CHARACTERS] for start in range(0, len(text), CHUNK_CHARACTERS)]
    for index, piece in enumerate(pieces):
        frame = json.dumps({"__chunk": {"index": index, "total": len(pieces)}, "data": piece}, separators=(",", ":"))
        yield f"id: {event['seq']}\ndata: {frame}\n\n"
