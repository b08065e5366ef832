"""A document from an address that a member typed (an OpenAPI file): fetched with bounds on where, how much and how long."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from evalhub.common.outbound.body import BodyUnreadable, read_bounded
from evalhub.common.outbound.connection import guarded_session
from evalhub.common.outbound.policy import AddressPolicy, AddressRefused
from evalhub.common.unreached import why_unreached

MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 20.0
MOST_REDIRECTS = 3
LONGEST_URL = 2_000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NO_TLS = "WRONG_VERSION_NUMBER"  # what OpenSSL says of an answer in plain HTTP
NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class FetchProblem(StrEnum):
    """Why there is no document."""

    BAD_ADDRESS = "bad_address"
    NAME_NOT_FOUND = "name_not_found"
    ADDRESS_REFUSED = "address_refused"
    REDIRECT_REFUSED = "redirect_refused"
    CONNECTION_FAILED = "connection_failed"
    TLS = "tls"
    TOO_SLOW = "too_slow"
    TOO_LARGE = "too_large"
    BAD_STATUS = "bad_status"
    UNREADABLE = "unreadable"


class FetchFailed(Exception):
    """No document. The message is a sentence for the person who typed the address; it tells of the address no more than its host."""

    def __init__(self, problem: FetchProblem, message: str) -> None:
        super().__init__(message)
        self.problem = problem
        self.message = message


@dataclass(frozen=True, slots=True)
class Fetched:
    """A 200 read to its end, unpacked. `url` is where it came from after redirects; `headers` do not mind upper and lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Bounds:
    max_bytes: int
    accept: str
    tls: ssl.SSLContext | bool


async def fetch(
    url: str,
    policy: AddressPolicy,
    *,
    max_bytes: int = MAX_DOCUMENT_BYTES,
    timeout_s: float = TIMEOUT_S,
    accept: str = "*/*",
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """The document at `url`. `timeout_s` bounds all of it: look-ups, redirects, the last byte. Raises FetchFailed and nothing else."""
    address = _read_address(url, FetchProblem.BAD_ADDRESS)
    bounds = _Bounds(max_bytes, accept, tls or True)
    try:
        async with asyncio.timeout(timeout_s), guarded_session(policy, resolver=resolver) as http:
            return await _followed(http, address, bounds)
    except TimeoutError as error:
        raise FetchFailed(FetchProblem.TOO_SLOW, f"{_shown(address)} did not deliver the document within {timeout_s:g} s.") from error


def fetch_blocking(
    url: str, policy: AddressPolicy, *, max_bytes: int = MAX_DOCUMENT_BYTES, timeout_s: float = TIMEOUT_S, accept: str = "*/*"
) -> Fetched:
    """`fetch` for a thread without an event loop: a Django view or a command."""
    return asyncio.run(fetch(url, policy, max_bytes=max_bytes, timeout_s=timeout_s, accept=accept))


async def _followed(http: aiohttp.ClientSession, address: URL, bounds: _Bounds) -> Fetched:
    """The end of the way. Every redirect is an address nobody has checked yet, and goes through the same gates as the first."""
    for redirects in range(MOST_REDIRECTS + 1):
        found = await _asked(http, address, bounds, redirects=redirects)
        if isinstance(found, Fetched):
            return found
        address = found
    raise FetchFailed(FetchProblem.REDIRECT_REFUSED, f"The address leads to more than {MOST_REDIRECTS} redirects, one after the other.")


async def _asked(http: aiohttp.ClientSession, address: URL, bounds: _Bounds, *, redirects: int) -> Fetched | URL:
    """One request: the document, or where it is said to be."""
    try:
        headers = {"Accept": bounds.accept, "Accept-Encoding": "gzip"}
        async with http.get(address, headers=headers, allow_redirects=False, ssl=bounds.tls) as response:
            if response.status in REDIRECTS and "Location" in response.headers:
                return _next_address(address, response.headers["Location"])
            _expect_200(address, response.status)
            body = await read_bounded(response, bounds.max_bytes)
    except (AddressRefused, BodyUnreadable, aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise _failure(address, error, redirects=redirects) from error
    if body.is_cut:
        raise FetchFailed(FetchProblem.TOO_LARGE, f"The document at {_shown(address)} is larger than {_size(bounds.max_bytes)}.")
    return Fetched(response.status, response.headers, body.data, str(address))


def _read_address(url: str, problem: FetchProblem) -> URL:
    said = "The address" if problem is FetchProblem.BAD_ADDRESS else "The address of the redirect"
    try:
        if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
            raise FetchFailed(problem, f"{said} must be one line without spaces, of at most {LONGEST_URL} characters.")
        address = URL(url)
    except ValueError as error:
        raise FetchFailed(problem, f"{said} cannot be read as one, such as https://example.com/openapi.json.") from error
    if address.scheme not in {"http", "https"} or not address.raw_host:
        raise FetchFailed(problem, f"{said} must begin with http:// or https:// and a host, such as https://example.com/openapi.json.")
    if address.raw_user is not None or address.raw_password is not None:
        raise FetchFailed(problem, f"{said} must not carry a user or password.")
    return address.with_fragment(None)


def _next_address(address: URL, location: str) -> URL:
    try:
        target = str(address.join(URL(location)))
    except ValueError:
        target = location
    try:
        return _read_address(target, FetchProblem.REDIRECT_REFUSED)
    except FetchFailed as failure:
        raise FetchFailed(
            failure.problem, f"{_shown(address)} answered with a redirect that is not followed: {failure.message}"
        ) from failure


def _expect_200(address: URL, status: int) -> None:
    if status == HTTPStatus.OK:
        return
    known = {item.value: item.phrase for item in HTTPStatus}
    said = f"{status} ({known[status]})" if status in known else str(status)
    raise FetchFailed(FetchProblem.BAD_STATUS, f"{_shown(address)} answered {said} instead of 200 and the document.")


def _failure(address: URL, error: Exception, *, redirects: int) -> FetchFailed:
    host = _shown(address)
    if isinstance(error, AddressRefused):
        problem = FetchProblem.REDIRECT_REFUSED if redirects else FetchProblem.ADDRESS_REFUSED
        return FetchFailed(problem, f"A redirect is not followed: {error.message}" if redirects else error.message)
    if isinstance(error, BodyUnreadable):
        return FetchFailed(FetchProblem.UNREADABLE, f"The document at {host} cannot be unpacked: it {error}.")
    if isinstance(error, aiohttp.ClientSSLError):
        if _reason(error) == NO_TLS:
            return FetchFailed(FetchProblem.TLS, f"{host} does not speak TLS at this port: write http:// if that is meant.")
        return FetchFailed(FetchProblem.TLS, f"The TLS certificate or protocol of {host} was not accepted: {_reason(error)}.")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _not_found(host, error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return FetchFailed(FetchProblem.CONNECTION_FAILED, f"{host} could not be reached: {why_unreached(error)}.")
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError | ValueError):
        return FetchFailed(FetchProblem.BAD_ADDRESS, f"The address of {host} cannot be asked: {_reason(error)}.")
    if isinstance(error, aiohttp.ClientResponseError):
        return FetchFailed(FetchProblem.CONNECTION_FAILED, f"{host} did not answer in HTTP.")
    return FetchFailed(FetchProblem.CONNECTION_FAILED, f"{host} cut the connection before the document was complete.")


def _not_found(host: str, error: aiohttp.ClientConnectorDNSError) -> FetchFailed:
    if getattr(error.os_error, "errno", None) in NO_SUCH_NAME:
        return FetchFailed(FetchProblem.NAME_NOT_FOUND, f"There is no host of the name {host}.")
    return FetchFailed(FetchProblem.NAME_NOT_FOUND, f"The name {host} could not be looked up: {_reason(error)}.")


def _reason(error: Exception) -> str:
    """The system's own words, on one line."""
    inner = getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    words = getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or getattr(inner, "strerror", "") or str(inner)
    return " ".join(str(words).split())[:200].rstrip(".") or type(inner).__name__


def _shown(address: URL) -> str:
    return (address.host or "no host")[:200]


def _size(count: int) -> str:
    return f"{count / 2**20:g} MiB" if count >= 2**20 else f"{count} bytes"
