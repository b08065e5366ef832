"""A document from an address somebody typed: what comes back, and in which words it does not."""

import asyncio
import time

import pytest
from aiohttp import web

from evalhub.common.outbound import AddressPolicy, Fetched, FetchProblem, fetch, fetch_blocking
from tests.support.small_servers import LOCAL, ScriptedResolver, failure, page, redirect_to, serving, speaking

STRICT = AddressPolicy()
P = FetchProblem


async def test_it_brings_the_document_with_its_headers_and_address() -> None:
    async with serving(page("paths: {}")) as port:
        found = await fetch(f"http://127.0.0.1:{port}/openapi.yaml?v=1#part", LOCAL)
    assert (found.status, found.body, found.url) == (200, b"paths: {}", f"http://127.0.0.1:{port}/openapi.yaml?v=1")
    assert found.headers["content-type"] == found.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_it_says_who_asks_and_sends_no_cookie_on() -> None:
    seen: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(dict(request.headers))
        return web.Response(status=302, headers={"Location": "/end", "Set-Cookie": "a=1"}) if len(seen) == 1 else web.Response(text="x")

    async with serving(answer) as port:
        await fetch(f"http://127.0.0.1:{port}/", LOCAL, accept="application/yaml")
    assert [headers.get("Cookie") for headers in seen] == [None, None]
    assert {(headers["User-Agent"], headers["Accept"], headers["Accept-Encoding"]) for headers in seen} == {
        ("EvalHub", "application/yaml", "gzip")
    }


@pytest.mark.parametrize("status", [201, 204, 301, 304, 401, 403, 404, 410, 500, 503, 599])
async def test_anything_but_a_200_is_no_document(status: int) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with serving(answer) as port:
        failed = await failure(f"http://127.0.0.1:{port}/secret-path")
    assert failed.problem is P.BAD_STATUS
    assert failed.message.startswith(f"127.0.0.1 answered {status}")
    assert "secret-path" not in failed.message


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must begin with http"),
        ("openapi.json", "must begin with http"),
        ("//example.com/a", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("ftp://example.com/a", "must begin with http"),
        ("gopher://127.0.0.1:6379/_x", "must begin with http"),
        ("javascript:alert(1)", "must begin with http"),
        ("http:///etc/passwd", "must begin with http"),
        ("http://user:hunter2@example.com/", "must not carry a user"),
        ("http://example.com@127.0.0.1/", "must not carry a user"),
        ("http://:hunter2@127.0.0.1/", "must not carry a user"),
        ("http://a@b@127.0.0.1/", "must not carry a user"),
        ("http://good.example\\@127.0.0.1/", "cannot be read"),
        ("http://[::1/", "cannot be read"),
        ("http://127.0.0.1:99999/", "cannot be read"),
        ("http://127.0.0.1:port/", "cannot be read"),
        ("http://exa mple.com/", "one line without spaces"),
        ("http://example.com/\r\nHost: inner", "one line without spaces"),
        ("http://example.com/\x00", "one line without spaces"),
        ("http://example.com/" + "a" * 2000, "at most 2000 characters"),
    ],
)
async def test_an_address_that_cannot_be_asked_is_refused_in_a_sentence(url: str, sentence: str) -> None:
    failed = await failure(url)
    assert failed.problem is P.BAD_ADDRESS
    assert sentence in failed.message
    assert "hunter2" not in failed.message


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]"),
        *("10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "localhost", "localhost.", "LOCALHOST", "@127.0.0.1"),
        *("１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛocalhost", "%6cocalhost", "127.0.0.%31"),
    ],
)
async def test_no_way_to_write_this_machine_or_its_network_gets_there(host: str) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(text="inner")

    async with serving(answer) as port:
        failed = await failure(f"http://{host}:{port}/", STRICT)
    assert failed.problem in {P.ADDRESS_REFUSED, P.BAD_ADDRESS, P.NAME_NOT_FOUND}
    # Some name servers do not know localhost with a dot, and a percent sign is no part of a name.
    assert failed.problem is P.ADDRESS_REFUSED or "%" in host or host == "localhost."
    assert asked == []


async def test_a_name_that_nobody_knows_is_said_so() -> None:
    failed = await failure("http://api.exampel/", resolver=ScriptedResolver())
    assert (failed.problem, failed.message) == (P.NAME_NOT_FOUND, "There is no host of the name api.exampel.")


async def test_only_the_vetted_addresses_of_a_name_are_connected_to() -> None:
    # A connection to 10.255.255.1 would not even be opened by this suite, and hang elsewhere.
    resolver = ScriptedResolver(api_example=[["10.255.255.1", "127.0.0.1", "fd12::1"]])
    async with serving(page("yes")) as port:
        found = await fetch(f"http://api.example:{port}/", LOCAL, resolver=resolver, timeout_s=5)
    assert found.body == b"yes"
    assert resolver.asked == ["api.example"]


async def test_a_name_with_inner_addresses_alone_is_refused_with_the_first_of_them() -> None:
    failed = await failure("http://api.example/", resolver=ScriptedResolver(api_example=[["10.0.0.7", "169.254.169.254"]]))
    assert failed.problem is P.ADDRESS_REFUSED
    assert failed.message.startswith("The host api.example resolves to 10.0.0.7, a private address")


async def test_an_international_name_is_looked_up_in_its_own_spelling() -> None:
    resolver = ScriptedResolver(**{"xn--bcher-kva_example": [["127.0.0.1"]]})
    async with serving(page("yes")) as port:
        assert (await fetch(f"http://bücher.example:{port}/", LOCAL, resolver=resolver)).body == b"yes"


async def test_the_answer_that_was_checked_is_the_one_that_is_used() -> None:
    resolver = ScriptedResolver(rebind_example=[["127.0.0.1"], ["10.0.0.1"]])
    async with serving(page("first")) as port:
        assert (await fetch(f"http://rebind.example:{port}/", LOCAL, resolver=resolver)).body == b"first"
        assert resolver.asked == ["rebind.example"]
        failed = await failure(f"http://rebind.example:{port}/", resolver=resolver)
    assert failed.problem is P.ADDRESS_REFUSED


async def test_a_name_that_turns_inward_between_two_redirects_is_refused() -> None:
    resolver = ScriptedResolver(rebind_example=[["127.0.0.1"], ["10.0.0.1"]])
    async with serving(page()) as inner, serving(redirect_to(f"http://rebind.example:{inner}/")) as port:
        failed = await failure(f"http://rebind.example:{port}/", resolver=resolver)
    assert failed.problem is P.REDIRECT_REFUSED
    assert "resolves to 10.0.0.1, a private address" in failed.message


async def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    async with serving(redirect_to("/a", "b", "?c=1")) as port:
        found = await fetch(f"http://127.0.0.1:{port}/x/", LOCAL)
    assert (found.body, found.url) == (b"arrived", f"http://127.0.0.1:{port}/b?c=1")
    async with serving(redirect_to("/a", "/b", "/c", "/d")) as port:
        failed = await failure(f"http://127.0.0.1:{port}/")
    assert (failed.problem, "more than 3 redirects" in failed.message) == (P.REDIRECT_REFUSED, True)


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://127.0.0.2:{port}/", "127.0.0.2 is a loopback address"),
        ("//[::1]:{port}/", "::1 is a loopback address"),
        ("http://2130706434:{port}/", "a loopback address"),
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is a cloud metadata address"),
        ("http://[::ffff:a9fe:a9fe]/", "a cloud metadata address"),
        ("http://192.168.0.1/", "192.168.0.1 is a private address"),
        ("file:///etc/passwd", "must begin with http"),
        ("http://user:hunter2@example.com/", "must not carry a user"),
        ("http://[broken/", "cannot be read"),
    ],
)
async def test_a_redirect_inward_is_not_followed(location: str, sentence: str) -> None:
    only_here = AddressPolicy(allowed_hosts=("127.0.0.1",))
    inner: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        inner.append(request.path)
        return web.Response(text="inner")

    async with serving(answer, "127.0.0.2") as port, serving(redirect_to(location.format(port=port))) as outer:
        failed = await failure(f"http://127.0.0.1:{outer}/", only_here)
    assert failed.problem is P.REDIRECT_REFUSED
    assert sentence in failed.message
    assert inner == []


async def test_a_slow_drip_ends_with_the_time_of_the_whole() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.05)

    async with serving(answer) as port:
        began = time.perf_counter()
        failed = await failure(f"http://127.0.0.1:{port}/", timeout_s=0.5)
    assert (failed.problem, failed.message) == (P.TOO_SLOW, "127.0.0.1 did not deliver the document within 0.5 s.")
    assert time.perf_counter() - began < 3


async def test_redirects_share_the_time_of_one_document() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.4)
        return web.Response(status=302, headers={"Location": "/again"})

    async with serving(answer) as port:
        assert (await failure(f"http://127.0.0.1:{port}/", timeout_s=1)).problem is P.TOO_SLOW


async def test_a_server_that_is_not_there_is_said_so() -> None:
    async with serving(page()) as port:
        pass
    failed = await failure(f"http://127.0.0.1:{port}/")
    assert failed.problem is P.CONNECTION_FAILED
    assert failed.message == "127.0.0.1 could not be reached: Connection refused."


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"", "cut the connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "cut the connection"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "did not answer in HTTP"),
    ],
)
async def test_what_is_no_whole_http_answer_is_no_document(said: bytes, sentence: str) -> None:
    async def raw(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()
        writer.close()

    async with speaking(raw) as port:
        failed = await failure(f"http://127.0.0.1:{port}/")
    assert (failed.problem, sentence in failed.message) == (P.CONNECTION_FAILED, True), failed.message


async def test_a_server_without_tls_cannot_be_asked_by_https() -> None:
    async with serving(page()) as port:
        failed = await failure(f"https://127.0.0.1:{port}/")
    assert failed.problem is P.TLS
    assert failed.message == "127.0.0.1 does not speak TLS at this port: write http:// if that is meant."


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(text="proxied")

    async with serving(answer) as proxy, serving(page("itself")) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        assert (await fetch(f"http://127.0.0.1:{port}/", LOCAL)).body == b"itself"
    assert asked == []


async def test_a_view_fetches_in_its_own_thread() -> None:
    async with serving(page("yes")) as port:
        found: Fetched = await asyncio.to_thread(fetch_blocking, f"http://localhost:{port}/", LOCAL)
    assert found.body == b"yes"
