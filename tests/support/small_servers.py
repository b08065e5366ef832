"""Small servers on loopback that answer what a test says, and a resolver that answers what a test wants a name server to say."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from evalhub.common.outbound import AddressPolicy, FetchFailed, fetch

LOCAL = AddressPolicy(allow_loopback=True)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedResolver(AbstractResolver):
    """`answers` by name; each look-up takes the next answer, the last one stays. `asked` keeps the names in order."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.asked: list[str] = []
        self._answers = {name.replace("_", "."): list(found) for name, found in answers.items()}

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        answers = self._answers.get(host.rstrip("."))
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)


@asynccontextmanager
async def serving(handler: Handler, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The port of a server whose every address is answered by `handler`."""
    app = web.Application()
    app.router.add_route("*", "/{tail:(?s:.*)}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(raw: Raw) -> AsyncIterator[int]:
    """The port of a server that speaks whatever `raw` writes, HTTP or not."""
    server = await asyncio.start_server(raw, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def page(text: str = "openapi: 3.1.0") -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    return answer


def redirect_to(*locations: str) -> Handler:
    """Each request is sent on to the next location; after the last one the answer is a page."""
    left = list(locations)

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": left.pop(0)}) if left else web.Response(text="arrived")

    return answer


async def failure(url: str, policy: AddressPolicy = LOCAL, **how: object) -> FetchFailed:
    """How `fetch` fails."""
    with pytest.raises(FetchFailed) as caught:
        await fetch(url, policy, **how)  # type: ignore[arg-type]
    return caught.value
