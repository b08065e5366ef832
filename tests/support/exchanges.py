"""Exchanges with servers on loopback, for the tests of them."""

from dataclasses import dataclass

from aiohttp import web

from evalhub.common.masking import Mask
from evalhub.common.outbound import AddressPolicy, guarded_session
from runs.engine.trials.exchange import Exchange, send
from tests.support.small_servers import LOCAL


@dataclass(frozen=True)
class Request:
    """What `templates_app.openapi.sending.Prepared` looks like."""

    method: str = "GET"
    target: str = "/items"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


async def exchanged(base: str, request: Request | None = None, policy: AddressPolicy = LOCAL, **how: object) -> Exchange:
    variables = how.pop("variables", {})
    resolver = how.pop("resolver", None)
    async with guarded_session(policy, resolver=resolver) as http:  # type: ignore[arg-type]
        return await send(http, base, request or Request(), Mask(variables), **how)  # type: ignore[arg-type]


async def echo(request: web.Request) -> web.StreamResponse:
    body = (await request.read()).decode()
    told = {"method": request.method, "path": request.raw_path, "headers": list(request.headers.items()), "body": body}
    return web.json_response(told, status=201)
