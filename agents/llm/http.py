"""One HTTP request to a model: the session all wires share, and what each way of failing means for the caller.

Wires call `post_json`; a worker loop calls `open_session` once (and once more with a policy, for endpoint agents).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.request import getproxies

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from agents.llm.errors import LLMError, PermanentError, RateLimited, RetryableError
from agents.llm.hiding import hidden
from agents.llm.jsonbytes import json_bytes
from agents.llm.quoting import looks_like_html, quote
from agents.llm.retry_after import retry_after_s
from agents.llm.spec import ModelSpec
from agents.llm.wire import Refused
from evalhub.common.outbound import DNS_CACHE_S, AddressPolicy, AddressRefused, LiteralGuard, VettingResolver
from evalhub.common.unreached import why_unreached

MAX_CONNECTIONS = 600  # above the 500 runs one worker may drive, so that no call waits for a socket with its time-out running
MAX_ANSWER_BYTES = 8 * 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
RETRYABLE_STATUSES = frozenset({408, 409, 425, 429})
HINTS = {
    401: "Check the API key.",
    403: "Check what the API key may do.",
    404: "Check the address and the model's name.",
}


def open_session(policy: AddressPolicy | None = None) -> aiohttp.ClientSession:
    """A session for one event loop; close it with `async with`. With a policy, only vetted addresses are reachable.

    Cookies are never kept: two runs must not share a conversation by accident. Proxy variables count only without a policy,
    because a proxy would resolve the name a second time, out of our sight.
    """
    resolver = VettingResolver(policy) if policy else None
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ttl_dns_cache=DNS_CACHE_S, resolver=resolver),
        middlewares=(LiteralGuard(policy),) if policy else (),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "EvalHub"},
        # Asked of the environment once: aiohttp would look for proxies and a .netrc in a thread before every request.
        trust_env=policy is None and bool(getproxies()),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """A response read to its end."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip() or "application/octet-stream"

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a wire posts, and what all its requests have in common. A wire makes it once."""

    spec: ModelSpec
    url: str
    headers: CIMultiDict[str]
    timeout: aiohttp.ClientTimeout


def target_of(spec: ModelSpec, url: str, headers: Mapping[str, str]) -> Target:
    timeout = aiohttp.ClientTimeout(total=spec.timeout_s, sock_connect=CONNECT_TIMEOUT_S)
    told = CIMultiDict({**headers, **spec.headers})
    told.setdefault("Content-Type", "application/json")
    return Target(spec, url, told, timeout)


async def post_json(http: aiohttp.ClientSession, target: Target, body: Mapping[str, Any]) -> Any:
    """The JSON a model server answered with 2xx. Everything else is an `LLMError` whose message names the model and its host."""
    answer = await _send(http, target, body)
    if target.spec.on_answer:
        target.spec.on_answer(answer)
    if not 200 <= answer.status < 300:
        raise error_of_status(target.spec, target.url, answer, sent=body)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise _not_json(target.spec, target.url, answer) from None


def endpoint(spec: ModelSpec, home: str, *path: str) -> str:
    """`path` below the model's base address; one that is there already is not doubled.

    A query stays: some gateways keep the API version in it.
    """
    tail = "/" + "/".join(path)
    try:
        url = URL(spec.base_url.strip() or home)
        head = url.path.rstrip("/")
        return str(url if head.endswith(tail) else url.with_path(head + tail, keep_query=True))
    except ValueError as error:
        raise PermanentError(f"The address of {spec.name} is not one that can be asked: {quote(hidden(spec, str(error)), 100)}") from error


def where(spec: ModelSpec, url: str) -> str:
    """`openai/gpt-4o at api.openai.com`: no more of the address than its host, since paths and queries carry secrets."""
    try:
        return f"{spec.name} at {URL(url).host or 'no host'}"
    except ValueError:
        return f"{spec.name} at an unreadable address"


async def _send(http: aiohttp.ClientSession, target: Target, body: Mapping[str, Any]) -> Answer:
    try:
        async with http.post(
            target.url, data=json_bytes(body), headers=target.headers, timeout=target.timeout, allow_redirects=False
        ) as response:
            return Answer(response.status, await _read(response, target), response.headers)
    except LLMError:
        raise
    except AddressRefused as refusal:
        raise PermanentError(refusal.message) from refusal
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _error_of_exception(target.spec, target.url, error) from error


async def _read(response: aiohttp.ClientResponse, target: Target) -> bytes:
    promised = response.content_length
    # In one go where the length is known and true: what is compressed may grow a thousandfold.
    if promised is not None and promised <= MAX_ANSWER_BYTES and "Content-Encoding" not in response.headers:
        return await response.read()
    chunks = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        chunks += chunk
        if len(chunks) > MAX_ANSWER_BYTES:
            place = where(target.spec, target.url)
            raise PermanentError(f"{place} answered more than {MAX_ANSWER_BYTES // 2**20} MiB; the rest was not read.")
    return bytes(chunks)


def _error_of_exception(spec: ModelSpec, url: str, error: Exception) -> LLMError:
    place = where(spec, url)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return RetryableError(f"{place} could not be reached within {min(CONNECT_TIMEOUT_S, spec.timeout_s):g} s.")
    if isinstance(error, TimeoutError):
        return RetryableError(f"{place} did not answer within {spec.timeout_s:g} s.")
    if isinstance(error, aiohttp.ClientSSLError):
        return PermanentError(f"The TLS certificate of {place} was not accepted: {quote(str(error))}")
    if isinstance(error, aiohttp.ClientConnectorError):
        return RetryableError(f"{place} could not be reached: {quote(why_unreached(error))}")
    if isinstance(error, ValueError | aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return PermanentError(f"The address or a header of {place} cannot be sent: {quote(hidden(spec, str(error)))}")
    return RetryableError(f"{place} cut the connection before its answer was complete ({type(error).__name__}).")


def error_of_status(spec: ModelSpec, url: str, answer: Answer, *, sent: Mapping[str, Any]) -> LLMError:
    """What a status other than 2xx means. 429 is worth a wait unless the account itself is empty."""
    status = answer.status
    if 300 <= status < 400:
        to = quote(hidden(spec, answer.headers.get("Location", ""))) or "nowhere"
        return PermanentError(
            f"{where(spec, url)} answered with a redirect ({status}) to {to}, which is not followed. Give the final address."
        )
    message = " ".join(filter(None, (f"{where(spec, url)} answered {status}: {server_words(spec, answer)}", HINTS.get(status, ""))))
    if status >= 500 or (status in RETRYABLE_STATUSES and "insufficient_quota" not in answer.text):
        kind = RateLimited if status == HTTPStatus.TOO_MANY_REQUESTS else RetryableError
        return kind(message, retry_after=retry_after_s(answer.headers.get("Retry-After", "")))
    return Refused(message, status=status, said=hidden(spec, answer.text)[:4000], sent=sent)


def server_words(spec: ModelSpec, answer: Answer) -> str:
    """The server's own explanation, short, and without the key should it repeat it."""
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        data = None
    words = _message_in(data) or answer.text
    return quote(hidden(spec, words)) or "(no explanation)"


def _message_in(data: object) -> str:
    """The sentence in an error body: OpenAI and Anthropic nest it in `error`, others use `message` or `detail`."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return _message_in(data[0]) if data else ""
    if isinstance(data, dict):
        return next((found for key in ("error", "message", "detail", "msg") if (found := _message_in(data.get(key)))), "")
    return ""


def _not_json(spec: ModelSpec, url: str, answer: Answer) -> LLMError:
    """A 2xx that cannot be read. What began as JSON, or never began, was cut on its way; anything else is not a model's answer."""
    place, kind = where(spec, url), quote(hidden(spec, answer.content_type), 80)
    if looks_like_html(answer.content_type, answer.text):
        return PermanentError(f"{place} answered HTML ({kind}), not JSON: is the address right?")
    if not answer.body.strip():
        return RetryableError(f"{place} answered {answer.status} with an empty body, not JSON: is the address right?")
    if answer.body.lstrip().startswith((b"{", b"[")):
        return RetryableError(f"{place} answered JSON that is cut off or broken: {quote(hidden(spec, answer.text))}")
    return PermanentError(f"{place} answered text that is not JSON ({kind}): {quote(hidden(spec, answer.text))}")
