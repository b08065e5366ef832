"""A model server in a process of its own that only counts, and the test's side of it.

Every text it says is made from the request's whole body and from nothing else. So a request that is made again gets the same text, and a
run that went on after a crash with another memory, clock or seed than it had would ask something that nobody needs: `distinct` tells.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import subprocess
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.support.item_api import written
from tests.support.mock_answers import instance_of, schema_of, text_of

ROOT = Path(__file__).resolve().parents[3]
START_S = 30.0
REQUEST_TASK = "Write one HTTP request"  # templates_app.openapi.task
CALLS = b"POST /v1/chat/completions "


class Counts:
    """What was asked so far, by request."""

    def __init__(self) -> None:
        self.bodies: Counter[str] = Counter()
        self.answered = self.unread = 0
        self.open = self.peak = self.refused = 0
        self.times: list[float] = []
        self.longest_pause = 0.0
        self._last: float | None = None

    def note(self, body: bytes) -> str:
        """Count a request. Returns what it is known by."""
        now = time.monotonic()
        if self._last is not None:
            self.longest_pause = max(self.longest_pause, now - self._last)
        self._last = now
        self.times.append(now)
        self.open += 1
        self.peak = max(self.peak, self.open)
        digest = hashlib.sha256(body).hexdigest()[:16]
        self.bodies[digest] += 1
        return digest

    def shown(self) -> dict[str, float]:
        return {
            "made": self.bodies.total(),
            "distinct": len(self.bodies),
            "open": self.open,
            "peak": self.peak,
            "refused": self.refused,
            "answered": self.answered,
            "unread": self.unread,
            "longest_pause": self.longest_pause,
        }


class Connection(asyncio.Protocol):
    """One client's connection. Answers come in the order of the requests, as long as the client asks one at a time."""

    def __init__(self, counts: Counts, latency: float, places: int) -> None:
        self._counts, self._latency, self._places = counts, latency, places
        self._received = b""
        self._waiting: deque[asyncio.TimerHandle] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, reason: Exception | None) -> None:
        for handle in self._waiting:
            handle.cancel()
        self._counts.open -= len(self._waiting)
        self._counts.unread += len(self._waiting)
        self._waiting.clear()

    def data_received(self, received: bytes) -> None:
        self._received += received
        while (request := self._whole()) is not None:
            self._take(*request)

    def _whole(self) -> tuple[bytes, bytes] | None:
        """The head and body of the next request that is here entirely."""
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        length = int(lengths[0]) if lengths else 0
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return head, rest[:length]

    def _take(self, head: bytes, body: bytes) -> None:
        if not head.startswith(CALLS):
            self._send(json.dumps(self._counts.times if b"/times" in head else self._counts.shown()))
            return
        if self._places and self._counts.open >= self._places:
            self._counts.refused += 1
            self._send('{"error": {"message": "too many requests"}}', "429 Too Many Requests")
            return
        answer = json.dumps(_completion(_text(json.loads(body), self._counts.note(body))))
        self._waiting.append(asyncio.get_running_loop().call_later(self._latency, self._answer, answer))

    def _answer(self, answer: str) -> None:
        self._waiting.popleft()
        self._counts.open -= 1
        self._counts.answered += 1
        self._send(answer)

    def _send(self, text: str, status: str = "200 OK") -> None:
        data = text.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        self._transport.write(head.encode() + data)


def _text(body: dict[str, Any], digest: str) -> str:
    schema = schema_of(body)
    if schema is None:
        said = f"Said {digest}, and nothing else."
        return written(body={"name": said}) if body["messages"][-1]["content"].startswith(REQUEST_TASK) else said
    return json.dumps(instance_of(schema, "\n".join(text_of(message) for message in body["messages"])))


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    return {"id": "mock", "model": "mock", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


@dataclass(frozen=True, slots=True)
class Seen:
    """The server's counters at one moment. `unread` were cut before their answer, `open` wait for it, `peak` is the most that ever did.

    `refused` were answered 429 and are counted nowhere else.
    """

    made: int
    distinct: int
    open: int
    answered: int
    unread: int
    longest_pause: float
    peak: int
    refused: int

    @property
    def repeated(self) -> int:
        return self.made - self.distinct


class ModelServer:
    """The server's process, to be used in a `with`. `latency` is what each answer takes; with `places` it takes no more at once."""

    def __init__(self, latency: float, places: int = 0) -> None:
        self._latency, self._places = latency, places

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __name__, "--latency", str(self._latency), "--places", str(self._places)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def seen(self) -> Seen:
        return Seen(**self._get("/counts"))

    def times(self) -> list[float]:
        """When each request came, in seconds."""
        return list(self._get("/times"))

    def _get(self, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        try:
            connection.request("GET", path)
            return json.load(connection.getresponse())
        finally:
            connection.close()


async def _serve(latency: float, places: int) -> None:
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(counts, latency, places), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Counts requests; says what the request's body makes it say.")
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--places", type=int, default=0)
    given = parser.parse_args()
    asyncio.run(_serve(given.latency, given.places))
