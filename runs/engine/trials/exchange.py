"""Sends one request that a model wrote to an API, once, and keeps what was said on both sides without the secrets. Plain Python.

The session is one of `evalhub.common.outbound.guarded_session`, so that the address follows the rule for outgoing requests. Nothing of a
request is trusted: it may go nowhere but below the base address.
"""

import asyncio
import base64
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from evalhub.common.masking import Mask
from evalhub.common.outbound import AddressRefused, Body, BodyUnreadable, read_bounded
from evalhub.common.unreached import why_unreached
from runs.engine.trials.readable import KEPT_CHARS, kept_headers, text_of
from templates_app.openapi.sending import RESERVED
from templates_app.reasons import FailureReason

TIMEOUT_S = 30.0
MAX_RESPONSE_BYTES = 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
# Ours to set: they say where a message ends and who is on the line, or ask for a packing that we could not undo.
DROPPED = RESERVED | {"accept-encoding"}
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110
BASIC = re.compile(r"\s*+basic\s++(\S.*)", re.IGNORECASE | re.DOTALL)


class Sendable(Protocol):
    """A request that is ready but for its address (`templates_app.openapi.sending.Prepared`). `target` is path and query, encoded."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...
    @property
    def body(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """The request as it is kept: masked. `dropped` are headers that were written and are not sent."""

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: str
    dropped: Sequence[str]


@dataclass(frozen=True, slots=True)
class Received:
    """The response as it is kept: masked, `body` at most KEPT_CHARS long. `size` counts unpacked bytes, as far as they were read."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: str
    size: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """What happened. `failure` is None when a whole response arrived, whatever it says; `detail` is a sentence about a failure.

    `content` and `content_headers` are the response as it came, for checking it and nothing else: they may hold secrets.
    """

    sent: Sent
    latency_ms: int
    received: Received | None = None
    failure: FailureReason | None = None
    detail: str = ""
    content: bytes = field(default=b"", repr=False)
    content_headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """What is stored with a trial and shown."""
        sent, got = self.sent, self.received
        request = {"method": sent.method, "url": sent.url, "headers": _pairs(sent.headers), "body": sent.body}
        return {
            "request": request | {"dropped_headers": list(sent.dropped)},
            "response": got
            and {"status": got.status, "headers": _pairs(got.headers), "body": got.body, "size": got.size, "truncated": got.is_cut},
            "latency_ms": self.latency_ms,
            "failure": self.failure and self.failure.value,
            "detail": self.detail,
        }


async def send(
    http: aiohttp.ClientSession,
    base_url: str,
    request: Sendable,
    mask: Mask,
    *,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_RESPONSE_BYTES,
) -> Exchange:
    """Send it once and read the answer, a redirect being one. Never raises for what the model wrote or the server does."""
    headers, dropped, credentials = _headers(request.headers)
    hide = _Hiding(Mask({"credentials": credentials}), mask)  # as a whole first: a mask of the parts would leave some of it
    body = text_of(request.body or b"", "")
    shown_url = hide(base_url.rstrip("/") + request.target)
    sent = Sent(hide(request.method), shown_url, kept_headers(request.headers, hide, dropped), hide(body)[:KEPT_CHARS], dropped)
    began = time.perf_counter()
    try:
        _check(request.method, headers)
        url = _address(base_url, request.target)
        async with asyncio.timeout(timeout_s):
            response, found = await _answer(http, url, request, headers, max_bytes)
    except (_Misled, AddressRefused, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        reason, detail = _failure(error, timeout_s)
        return Exchange(sent, _ms_since(began), failure=reason, detail=hide(detail)[:KEPT_CHARS])
    return _completed(Exchange(sent, _ms_since(began)), response, found, hide, max_bytes)


class _Misled(Exception):
    """A request that must not be sent, and why."""

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class _Hiding:
    """Masks one after the other."""

    def __init__(self, *masks: Mask) -> None:
        self._masks = masks

    def __call__(self, text: str, *, is_cut: bool = False) -> str:
        for mask in self._masks:
            text = mask.apply_to_start(text) if is_cut else mask.apply(text)
        return text


def _check(method: str, headers: CIMultiDict[str]) -> None:
    """Raises _Misled for what would be read as another request than it is."""
    if not TOKEN.fullmatch(method) or method.upper() == "CONNECT":
        raise _Misled(FailureReason.INVALID_REQUEST, "The method is none that can be sent.")
    if not all(TOKEN.fullmatch(name) for name in headers):
        raise _Misled(FailureReason.INVALID_REQUEST, "A header has a name that no header can have.")
    if any(char in value for value in headers.values() for char in "\r\n\0"):
        raise _Misled(FailureReason.INVALID_REQUEST, "A header has a line break in its value.")


def _address(base_url: str, target: str) -> URL:
    """The address below the base. Raises _Misled when it is not below it, as far as a server could read it so."""
    try:
        base = URL(base_url.strip())
    except ValueError:
        raise _Misled(FailureReason.ADDRESS_REFUSED, "The base address cannot be read as one.") from None
    if base.scheme not in {"http", "https"} or not base.raw_host or base.raw_user is not None or base.raw_query_string:
        said = "The base address must be http:// or https:// with a host, without a user, a password and a query."
        raise _Misled(FailureReason.ADDRESS_REFUSED, said)
    root = str(base.with_fragment(None)).rstrip("/")
    try:
        url = URL(root + (target if target.startswith(("/", "?")) or not target else "/" + target), encoded=True)
    except ValueError:
        raise _Misled(FailureReason.WRONG_PATH, "The path cannot be sent.") from None
    if url.origin() != base.origin() or not f"{url.raw_path}/".startswith(base.raw_path.rstrip("/") + "/") or _climbs(url.raw_path):
        raise _Misled(FailureReason.WRONG_PATH, "The path leads out of the base address.")
    return url


def _climbs(path: str) -> bool:
    """Whether a segment is `..` or `.`, also behind an encoded slash: servers and proxies take them away, each its own way."""
    return any(part.partition(";")[0] in {".", ".."} for part in re.split(r"[/\\]", unquote(unquote(path))))


def _headers(written: Sequence[tuple[str, str]]) -> tuple[CIMultiDict[str], list[str], str]:
    """What is sent, the names that are not, and the credentials that were put into base64 (or "")."""
    told: CIMultiDict[str] = CIMultiDict()
    dropped: list[str] = []
    credentials = ""
    for name, value in written:
        if name.lower() in DROPPED or name.lower().startswith("proxy-"):
            dropped.append(name)
        elif name.lower() == "authorization" and (plain := BASIC.fullmatch(value.rstrip())) and ":" in plain[1]:
            # A model that is not shown the secrets cannot encode them, so it writes `Basic {{USER}}:{{PASSWORD}}`.
            credentials = base64.b64encode(plain[1].encode()).decode()
            told.add(name, f"Basic {credentials}")
        else:
            told.add(name, value)
    told["Accept-Encoding"] = "gzip, deflate"
    return told, dropped, credentials


async def _answer(
    http: aiohttp.ClientSession, url: URL, request: Sendable, headers: CIMultiDict[str], max_bytes: int
) -> tuple[aiohttp.ClientResponse, Body | BodyUnreadable]:
    timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S)
    asked = http.request(
        request.method, url, data=request.body, headers=headers, allow_redirects=False, auto_decompress=False, timeout=timeout
    )
    async with asked as response:
        try:
            return response, await read_bounded(response, max_bytes)
        except BodyUnreadable as error:
            return response, error


def _completed(begun: Exchange, response: aiohttp.ClientResponse, found: Body | BodyUnreadable, hide: _Hiding, max_bytes: int) -> Exchange:
    body = found if isinstance(found, Body) else Body(b"")
    text = hide(text_of(body.data, response.headers.get("Content-Type", "")), is_cut=body.is_cut)
    reason, detail = None, ""
    if isinstance(found, BodyUnreadable):
        reason, detail = FailureReason.INVALID_RESPONSE, f"The body cannot be unpacked: it {found}."
    elif body.is_cut:
        reason, detail = FailureReason.RESPONSE_TOO_LARGE, f"The response is larger than {max_bytes / 2**20:g} MiB; the rest was not read."
    received = Received(
        status=response.status,
        headers=kept_headers(list(response.headers.items()), hide),
        body=text[:KEPT_CHARS],
        size=len(body.data),
        is_cut=body.is_cut or len(text) > KEPT_CHARS,
    )
    return Exchange(begun.sent, begun.latency_ms, received, reason, hide(detail), body.data, response.headers)


def _failure(error: Exception, timeout_s: float) -> tuple[FailureReason, str]:
    if isinstance(error, _Misled):
        return error.reason, str(error)
    if isinstance(error, AddressRefused):
        return FailureReason.ADDRESS_REFUSED, error.message
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return FailureReason.TIMEOUT, f"The server could not be reached within {min(CONNECT_TIMEOUT_S, timeout_s):g} s."
    if isinstance(error, TimeoutError):
        return FailureReason.TIMEOUT, f"The server did not answer to the end within {timeout_s:g} s."
    if isinstance(error, aiohttp.ClientSSLError):
        return FailureReason.CONNECTION_FAILED, "The server's TLS certificate or protocol was not accepted."
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FailureReason.CONNECTION_FAILED, "The name of the server could not be looked up."
    if isinstance(error, aiohttp.ClientConnectorError):
        return FailureReason.CONNECTION_FAILED, f"The server could not be reached: {why_unreached(error)}."
    if isinstance(error, aiohttp.ClientResponseError):
        return FailureReason.CONNECTION_FAILED, "The server did not answer in HTTP."
    if isinstance(error, ValueError | aiohttp.InvalidURL):
        return FailureReason.INVALID_REQUEST, "The method, the address or a header cannot be sent."
    return FailureReason.CONNECTION_FAILED, "The server cut the connection before its answer was complete."


def _pairs(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _ms_since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
