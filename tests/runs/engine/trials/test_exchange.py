"""One request to a real server on loopback: what is sent, what never is, and where it cannot go."""

import json

import pytest
from aiohttp import web

from evalhub.common.outbound import AddressPolicy
from templates_app.reasons import FailureReason as F
from tests.support.exchanges import Request, echo, exchanged
from tests.support.small_servers import ScriptedResolver, page, serving


async def test_it_sends_what_was_written_and_keeps_both_sides() -> None:
    written = Request(
        "POST", "/items/4%2F2?tag=a&tag=b%20c", (("Content-Type", "application/json"), ("X-Trace", "7")), b'{"name":"\xc3\xa4"}'
    )
    async with serving(echo) as port:
        found = await exchanged(f"http://127.0.0.1:{port}/v1/", written)
    assert found.failure is None
    kept = found.as_json()
    assert kept["request"] == {
        "method": "POST",
        "url": f"http://127.0.0.1:{port}/v1/items/4%2F2?tag=a&tag=b%20c",
        "headers": [["Content-Type", "application/json"], ["X-Trace", "7"]],
        "body": '{"name":"ä"}',
        "dropped_headers": [],
    }
    assert (kept["response"]["status"], kept["response"]["truncated"]) == (201, False)
    assert ["Content-Type", "application/json; charset=utf-8"] in kept["response"]["headers"]
    seen = json.loads(found.content)
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/v1/items/4%2F2?tag=a&tag=b%20c", '{"name":"ä"}')
    assert found.content_headers["content-type"].startswith("application/json")
    assert kept["response"]["size"] == len(found.content)
    assert 0 <= kept["latency_ms"] < 10_000
    json.dumps(kept)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_the_answer(status: int) -> None:
    inner: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        inner.append(request.path)
        return web.Response()

    async with serving(elsewhere) as port:

        async def away(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": f"http://127.0.0.1:{port}/"})

        async with serving(away) as first:
            found = await exchanged(f"http://127.0.0.1:{first}")
    assert (found.failure, found.received and found.received.status, inner) == (None, status, [])


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization", "PROXY-Connection", "Expect", "Upgrade"]
)
async def test_a_header_that_is_not_a_models_to_set_is_dropped_and_said(name: str) -> None:
    async with serving(echo) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", Request(headers=((name, "inner.example"), ("X-Kept", "1"))))
    assert found.sent.dropped == [name]
    assert found.sent.headers == [("X-Kept", "1")]
    assert "inner.example" not in found.content.decode()
    assert found.failure is None


@pytest.mark.parametrize(
    "target",
    [
        "/../admin",
        "/items/../../admin",
        "/items/%2e%2e/%2E%2E/admin",
        "/items/..%2f..%2fadmin",
        "/items/%252e%252e/admin",
        "/..\\..\\admin",
        "/..;x=1/admin",
        "/./x",
    ],
)
async def test_no_path_leads_out_of_the_base_address(target: str) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        return web.Response()

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}/v1", Request(target=target))
    assert (found.failure, asked) == (F.WRONG_PATH, [])
    assert found.detail == "The path leads out of the base address."


@pytest.mark.parametrize("target", ["//127.0.0.2/x", "@127.0.0.2/x", ":1/x", "http://127.0.0.2/x", ".127.0.0.2.example/x", "#x", "\\x"])
async def test_no_target_chooses_another_server(target: str) -> None:
    async with serving(echo) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", Request(target=target))
    assert found.failure in {None, F.WRONG_PATH}
    if found.failure is None:
        seen = dict(json.loads(found.content)["headers"])
        assert seen["Host"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    "base",
    [
        "",
        "api.example",
        "ftp://api.example",
        "file:///etc",
        "http://",
        "http://user:zq-pass@api.example",
        "http://a.example?x=1",
        "http://[::1",
    ],
)
async def test_a_base_address_that_is_none_is_refused(base: str) -> None:
    found = await exchanged(base)
    assert (found.failure, found.received) == (F.ADDRESS_REFUSED, None)
    assert found.detail.startswith("The base address ")


async def test_the_rule_for_outgoing_requests_holds() -> None:
    resolver = ScriptedResolver(api_example=[["10.0.0.9"]])
    found = await exchanged("http://api.example/v1", policy=AddressPolicy(), resolver=resolver)
    assert found.failure is F.ADDRESS_REFUSED
    assert found.detail.startswith("The host api.example resolves to 10.0.0.9, a private address")
    assert (await exchanged("http://127.0.0.1:1/v1", policy=AddressPolicy())).failure is F.ADDRESS_REFUSED


async def test_a_name_that_turns_inward_is_not_asked_a_second_time() -> None:
    resolver = ScriptedResolver(rebind_example=[["127.0.0.1", "10.0.0.1"], ["10.0.0.1"]])
    async with serving(page("first")) as port:
        assert (await exchanged(f"http://rebind.example:{port}", resolver=resolver)).content == b"first"
        assert (await exchanged(f"http://rebind.example:{port}", policy=AddressPolicy(), resolver=resolver)).failure is F.ADDRESS_REFUSED


@pytest.mark.parametrize(("name", "value"), [("X-A", "a\r\nX-B: b"), ("X-A", "a\nb"), ("X A", "a"), ("X-A\r\nX-B", "a"), ("", "a")])
async def test_a_header_that_would_be_two_is_not_sent(name: str, value: str) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response()

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", Request(headers=((name, value),)))
    assert (found.failure, asked) == (F.INVALID_REQUEST, [])


async def test_a_method_that_is_none_is_not_sent() -> None:
    async with serving(echo) as port:
        assert (await exchanged(f"http://127.0.0.1:{port}", Request("GET / HTTP/1.1\r\nX: y"))).failure is F.INVALID_REQUEST
