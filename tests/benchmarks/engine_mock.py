"""A model server that costs next to nothing: `python -m tests.benchmarks.engine_mock --latency 0.2`.

It prints its address, answers every chat completion after `latency` seconds, a judge's with valid scores for `KEYS`, and counts:
GET / answers {"calls": …, "bytes": …} since the last time it was asked. What a framework does for every request would be the larger part
of the machine while 500 conversations wait, so this is a bare protocol.
"""

import argparse
import asyncio
import json
from functools import partial

import uvloop

KEYS = ("accuracy", "empathy", "clarity", "safety")
SAID = "I see what you mean, and it is about the order of last week. Let us look at it step by step: the parcel left on Monday."


def _completion(content: str) -> bytes:
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 400, "completion_tokens": 40, "total_tokens": 440, "prompt_tokens_details": {"cached_tokens": 0}},
        }
    ).encode()
    return _http(body)


def _http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def judged() -> str:
    """A judge's answer as it should be: reasoning, a quote that stands in the transcript, and a score for every category."""
    evidence = [{"message_index": index, "quote": "the parcel left on Monday"} for index in (0, 1)]
    category = {"reasoning": "The assistant takes the matter up and goes through it. " * 3, "evidence": evidence, "score": 80}
    return json.dumps({"categories": dict.fromkeys(KEYS, category), "feedback": "Helpful, and a little slow."})


TALK, JUDGEMENT = _completion(SAID), _completion(judged())


class Counted:
    """What was asked of all connections."""

    calls = 0
    bytes = 0

    def taken(self) -> bytes:
        told = {"calls": self.calls, "bytes": self.bytes}
        self.calls = self.bytes = 0
        return _http(json.dumps(told).encode())


class Connection(asyncio.Protocol):
    """One client at a time, one request after the other, as HTTP clients do without pipelining."""

    def __init__(self, loop: asyncio.AbstractEventLoop, latency: float, counted: Counted) -> None:
        self._loop, self._latency, self._counted = loop, latency, counted
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        if self._received.startswith(b"GET"):
            self._answer(self._counted.taken())
        elif len(self._received) >= end + 4 + _length(self._received[:end]):
            self._counted.calls += 1
            self._counted.bytes += len(self._received) - end - 4
            answer = JUDGEMENT if b'"response_format"' in self._received else TALK
            self._loop.call_later(self._latency, self._answer, answer)
        else:
            return
        self._received.clear()

    def _answer(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)  # type: ignore[attr-defined]


def _length(head: bytes | bytearray) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def serve(latency: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Connection, loop, latency, Counted()), "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.2)
    uvloop.run(serve(parser.parse_args().latency))
