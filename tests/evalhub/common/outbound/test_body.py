"""How much of a response is read: of one without end, and of one that unpacks to far more than it was."""

import gzip
import time
import zlib

import pytest
from aiohttp import web

from evalhub.common.outbound import FetchProblem, fetch
from tests.support.small_servers import LOCAL, Handler, failure, page, serving

P = FetchProblem


async def test_a_document_of_the_largest_size_is_read_and_one_byte_more_is_not() -> None:
    async with serving(page("x" * 1000)) as port:
        assert len((await fetch(f"http://127.0.0.1:{port}/", LOCAL, max_bytes=1000)).body) == 1000
        failed = await failure(f"http://127.0.0.1:{port}/", max_bytes=999)
    assert (failed.problem, failed.message) == (P.TOO_LARGE, "The document at 127.0.0.1 is larger than 999 bytes.")


async def test_a_document_without_end_is_left_as_soon_as_it_is_too_large() -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536

    async with serving(answer) as port:
        failed = await failure(f"http://127.0.0.1:{port}/", max_bytes=2**20)
    assert failed.message == "The document at 127.0.0.1 is larger than 1 MiB."
    assert sent < 16 * 2**20


def packed(body: bytes, encoding: str = "gzip") -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    return answer


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_a_compressed_document_is_unpacked(encoding: str, pack: object) -> None:
    async with serving(packed(pack(b"paths: {}" * 50_000), encoding)) as port:  # type: ignore[operator,arg-type]
        assert (await fetch(f"http://127.0.0.1:{port}/", LOCAL)).body == b"paths: {}" * 50_000


async def test_a_document_that_unpacks_to_a_thousandfold_is_too_large() -> None:
    bomb = gzip.compress(b"\0" * (64 * 2**20))
    assert len(bomb) < 2**17
    async with serving(packed(bomb)) as port:
        began = time.perf_counter()
        failed = await failure(f"http://127.0.0.1:{port}/", max_bytes=2**17)
    assert failed.problem is P.TOO_LARGE
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (gzip.compress(b"paths" * 100)[:-20], "gzip", "was cut off"),
        (b"paths: {}", "gzip", "says that it is compressed and is not"),
        (gzip.compress(b"a") + gzip.compress(b"b"), "gzip", "goes on after the end"),
        (b"paths: {}", "br", "nobody asked for ('br')"),
        (gzip.compress(gzip.compress(b"a")), "gzip, gzip", "nobody asked for"),
    ],
)
async def test_a_document_that_cannot_be_unpacked_is_said_so(body: bytes, encoding: str, words: str) -> None:
    async with serving(packed(body, encoding)) as port:
        failed = await failure(f"http://127.0.0.1:{port}/")
    assert failed.problem is P.UNREADABLE
    assert words in failed.message
