"""No secret of an environment is in what is kept of an exchange, in whichever spelling the server repeats it."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.engine.trials.exchange import Exchange
from templates_app.reasons import FailureReason as F
from tests.evalhub.common.test_masking import SECRETS, spellings
from tests.support.exchanges import Request, echo, exchanged
from tests.support.small_servers import LOCAL, Handler, serving

IN_HEADERS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=2, max_size=24).map(lambda text: f"zq{text}qz")


def texts_in(data: Any) -> Iterator[str]:
    """Every string of some JSON, names too."""
    if isinstance(data, dict):
        yield from (text for pair in data.items() for part in pair for text in texts_in(part))
    elif isinstance(data, list):
        yield from (text for item in data for text in texts_in(item))
    elif isinstance(data, str):
        yield data


def expect_hidden(found: Exchange, *secrets: str) -> None:
    """Neither as text nor as any of the spellings; and not in what a debugger or a log would show of the object."""
    kept = [*texts_in(found.as_json()), repr(found)]
    for secret in secrets:
        for way, spelt in spellings(secret).items():
            assert not any(spelt.rstrip("=") in text for text in kept), way


def repeating(secret: str) -> Handler:
    """A server that repeats `secret` in its headers and body in every way there is, and the request too."""

    async def answer(request: web.Request) -> web.StreamResponse:
        ways = spellings(secret, "user:", "")
        headers = {f"X-{number}": text for number, text in enumerate(ways.values()) if text.isascii() and text.isprintable()}
        told = {"ways": list(ways.values()), secret: "a name", "raw": (await request.read()).decode(), "path": request.raw_path}
        return web.json_response({**told, "got": dict(request.headers)}, headers=headers)

    return answer


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SECRETS, IN_HEADERS)
def test_no_secret_is_kept_whatever_the_server_repeats(secret: str, key: str) -> None:
    basic = base64.b64encode(f"{key}:{key}".encode()).decode()
    written = Request(
        "POST",
        f"/items/{quote(secret, safe='')}?key={quote(secret, safe='')}",
        (("X-Api-Key", key), ("Authorization", f"Basic {basic}"), ("Cookie", f"s={quote(key, safe='')}")),
        json.dumps({"secret": secret, key: [secret]}).encode(),
    )

    async def both() -> Exchange:
        async with serving(repeating(secret)) as port:
            return await exchanged(f"http://127.0.0.1:{port}", written, variables={"SECRET": secret, "KEY": key})

    found = asyncio.run(both())
    assert found.received is not None
    assert secret in json.loads(found.content)["ways"]
    expect_hidden(found, secret, key)
    assert "zq" not in "".join(texts_in(found.as_json()["request"]))


async def test_basic_credentials_are_encoded_when_they_are_sent_and_hidden_when_they_are_kept() -> None:
    written = Request(headers=(("Authorization", "Basic anna:pw"), ("X-Other", "anna")))
    async with serving(echo) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", written, variables={"USER": "anna", "PASSWORD": "pw"})
    seen = dict(json.loads(found.content)["headers"])
    assert seen["Authorization"] == "Basic " + base64.b64encode(b"anna:pw").decode()
    assert list(found.sent.headers) == [("Authorization", "Basic {{USER}}:{{PASSWORD}}"), ("X-Other", "{{USER}}")]
    assert found.received is not None
    assert "Basic {{credentials}}" in found.received.body
    assert base64.b64encode(b"anna").decode()[:5] not in found.received.body


async def test_credentials_that_are_base64_already_are_sent_as_they_are() -> None:
    async with serving(echo) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", Request(headers=(("authorization", "Basic YTpi"),)))
    assert "Basic YTpi" in found.content.decode()


async def test_a_secret_that_was_cut_in_half_is_not_kept_in_part() -> None:
    secret = "zq-" + "0123456789abcdef" * 4

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="x" * 20_000 + secret)

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", max_bytes=20_040, variables={"KEY": secret})
    assert found.failure is F.RESPONSE_TOO_LARGE
    assert found.received is not None
    assert "zq-" not in found.received.body
    assert found.received.body.startswith("x" * 19_000)


async def test_a_secret_across_the_end_of_what_is_kept_is_not_kept_in_part() -> None:
    secret = "zq-" + "0123456789abcdef" * 4

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="x" * (64 * 1024 - 30) + secret + "x" * 1000, headers={"X-Long": "y" * 1_980 + secret})

    async with serving(answer) as port:
        found = await exchanged(f"http://127.0.0.1:{port}", variables={"KEY": secret})
    assert "zq-" not in json.dumps(found.as_json())


@pytest.mark.parametrize(
    ("base", "request_", "how"),
    [
        ("http://127.0.0.1:1/zq-secret", Request(target="/zq-secret"), {}),
        ("http://zq-secret.invalid:99999", Request(), {}),
        ("http://user:zq-secret@127.0.0.1", Request(), {}),
        ("http://10.0.0.1/zq-secret", Request(), {}),
        ("http://127.0.0.1", Request(headers=(("X", "zq-secret\r\n"),)), {}),
        ("http://127.0.0.1", Request(target="/../zq-secret"), {}),
        ("http://127.0.0.1", Request("zq-secret", "/zq-secret\x00"), {}),
        ("https://127.0.0.1:1", Request(body=b"zq-secret"), {"policy": LOCAL}),
    ],
)
async def test_no_failure_tells_a_secret(
    base: str, request_: Request, how: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level("DEBUG"):
        found = await exchanged(base, request_, variables={"KEY": "zq-secret"}, **how)
    assert found.failure is not None
    assert "zq-secret" not in repr(found) + json.dumps(found.as_json()) + caplog.text + "".join(capsys.readouterr())
