"""Connections that only reach what a policy allows: a name is looked up once, and the answer that was checked is the one that is used.

`guarded_session` puts the two parts together; the model layer builds its own session of them, with limits of its own.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import TypeVar

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp.abc import AbstractResolver, ResolveResult

from evalhub.common.outbound.policy import AddressPolicy, written_address

Result = TypeVar("Result")

DNS_CACHE_S = 30
MAX_CONNECTIONS = 200


def guarded_session(policy: AddressPolicy, *, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """A session for requests to addresses that members typed; close it with `async with`. No cookies, no proxy, no .netrc.

    A proxy would look the name up a second time, out of our sight. What is compressed stays so: `body.read_bounded` unpacks it.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ttl_dns_cache=DNS_CACHE_S, resolver=VettingResolver(policy, resolver)),
        middlewares=(LiteralGuard(policy),),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "EvalHub"},
        trust_env=False,
        auto_decompress=False,
    )


class VettingResolver(AbstractResolver):
    """Resolves a name once and hands aiohttp only addresses that passed, so that a second DNS answer cannot swap them."""

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver or SystemResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        good = set(self._policy.vetted(host, [result["host"] for result in found]))
        return [result for result in found if result["host"] in good]

    async def close(self) -> None:
        await self._resolver.close()


class LiteralGuard:
    """An address written into the URL never reaches a resolver, so it is checked before each request instead."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        host = request.url.host or ""
        if address := written_address(host):
            self._policy.vetted(host, [address])
        return await handler(request)


class SystemResolver(AbstractResolver):
    """The machine's own look-up, in a thread that nobody waits for: a name server that hangs must not outlast a time-out."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        found = await _in_own_thread(
            lambda: socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        )
        return [
            ResolveResult(
                hostname=host,
                host=_with_scope(address),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _with_scope(address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> str:
    """A link-local IPv6 address says through which network card; without it there is no way to it."""
    host = str(address[0])
    return f"{host}%{address[3]}" if len(address) == 4 and address[3] else host


async def _in_own_thread(call: Callable[[], Result]) -> Result:
    """What `call` returns or raises. The default pool would keep `asyncio.run` from returning until the last look-up ended."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: OSError | ValueError | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # no error: `call` returned it

    def work() -> None:
        result, error = None, None
        try:
            result = call()
        except (OSError, ValueError) as failure:  # a UnicodeError is a ValueError
            error = failure
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="look-up", daemon=True).start()
    return await done
