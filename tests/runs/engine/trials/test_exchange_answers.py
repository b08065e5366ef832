"""What a server may do to a request, done by real ones on loopback: what is kept of it, and in which words it failed."""

import asyncio
import gzip
import time

import pytest
from aiohttp import web

from templates_app.reasons import FailureReason as F
from tests.support.exchanges import Request, exchanged
from tests.support.small_servers import Handler, ScriptedResolver, page, serving, speaking


async def hanging(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("handler", [hanging, dripping])
async def test_a_server_that_takes_its_time_is_left(handler: Handler) -> None:
    async with serving(handler) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", timeout_s=0.3)
    assert (found.failure, found.detail) == (F.TIMEOUT, "The server did not answer to the end within 0.3 s.")
    assert 250 <= found.latency_ms < 5_000


async def test_a_response_without_end_is_kept_in_part() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", max_bytes=200_000)
    assert found.failure is F.RESPONSE_TOO_LARGE
    assert found.received is not None
    assert (found.received.size, found.received.is_cut, len(found.received.body)) == (200_000, True, 65_536)


async def test_a_long_response_is_checked_whole_and_kept_in_part() -> None:
    async with serving(page("y" * 300_000)) as port:
        found = await exchanged(f"http://127.0.0.1:{port}")
    assert found.failure is None
    assert found.received is not None
    assert (len(found.content), len(found.received.body), found.received.is_cut) == (300_000, 65_536, True)


async def test_a_response_that_unpacks_to_a_thousandfold_is_too_large() -> None:
    bomb = gzip.compress(b"\0" * (64 * 2**20))

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(answer) as port:
        began = time.perf_counter()
        found = await exchanged(f"http://127.0.0.1:{port}")
    assert found.failure is F.RESPONSE_TOO_LARGE
    assert len(found.content) == 2**20
    assert time.perf_counter() - began < 3


async def test_a_compressed_response_is_unpacked_whatever_the_model_asked_for() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "gzip, deflate"
        return web.Response(body=gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", Request(headers=(("Accept-Encoding", "br"),)))
    assert (found.content, found.sent.dropped) == (b"plain", ["Accept-Encoding"])


async def test_a_body_that_cannot_be_unpacked_is_no_response() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"plain", headers={"Content-Encoding": "br"})

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}")
    assert (found.failure, found.received and found.received.status) == (F.INVALID_RESPONSE, 200)
    assert "nobody asked for" in found.detail


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (None, "cut the connection"),
        (b"", "cut the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "cut the connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
    ],
)
async def test_a_connection_that_breaks_is_said_so(said: bytes | None, sentence: str) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if said is None:
            writer.transport.abort()
            return
        writer.write(said)
        await writer.drain()
        writer.close()

    async with speaking(raw) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", Request("POST", body=b"{}"))
    assert found.failure is F.CONNECTION_FAILED
    assert sentence in found.detail


async def test_a_server_that_is_not_there_and_one_without_tls_cannot_be_reached() -> None:
    async with serving(page()) as port:
        plain = await exchanged(f"https://127.0.0.1:{port}")
    gone = await exchanged(f"http://127.0.0.1:{port}")
    unknown = await exchanged("http://api.exampel", resolver=ScriptedResolver())
    assert {plain.failure, gone.failure, unknown.failure} == {F.CONNECTION_FAILED}
    assert "TLS" in plain.detail
    assert gone.detail.startswith("The server could not be reached")
    assert unknown.detail == "The name of the server could not be looked up."


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b"gr\xfc\xdfe", "text/plain; charset=latin-1", "grüße"),
        (b"gr\xfc\xdfe", "text/plain; charset=utf-8", "gr\ufffd\ufffde"),
        (b"gr\xfc\xdfe", "application/problem+json", "gr\ufffd\ufffde"),
        ("größe".encode("utf-16"), "text/plain; charset=utf-16", "größe"),
        (b"a\x00b", "text/plain", "a\ufffdb"),
        (b"\x89PNG\r\n\x1a\n\xff", "image/png", "(9 bytes that are no text)"),
        (b"\xff\xfe", "", "\ufffd\ufffd"),
        (b"aaa", "text/plain; charset=hex", "aaa"),
        (b"aaa-", "text/plain; charset=punycode", "aaa-"),
        (b"+AGE-", "text/plain; charset=utf-7", "+AGE-"),
        (b"aaa", "text/plain; charset=unheard-of", "aaa"),
        (b"aaa", 'text/plain; charset="', "aaa"),
    ],
)
async def test_any_bytes_become_text_that_can_be_stored(body: bytes, content_type: str, text: str) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with speaking(raw) as port:
        found = await exchanged(f"http://127.0.0.1:{port}")
    assert found.received is not None
    assert found.received.body == text
    assert found.content == body


async def test_headers_that_no_database_takes_are_replaced_and_a_flood_of_them_is_kept_in_part() -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX-Odd: \xff\xfe\r\nX-Long: " + b"a" * 5_000 + b"\r\n")
        writer.write(b"".join(b"X-%d: 1\r\n" % number for number in range(110)) + b"Content-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with speaking(raw) as port:
        found = await exchanged(f"http://127.0.0.1:{port}")
    assert found.received is not None
    headers = dict(found.received.headers)
    assert (headers["X-Odd"], len(headers["X-Long"]), len(found.received.headers)) == ("\ufffd\ufffd", 2_000, 100)
