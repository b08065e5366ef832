"""How an endpoint agent's requests keep to the rule for outgoing ones. Only local names are used, by the machine's own resolver."""

import aiohttp
import pytest

from agents.llm.errors import PermanentError
from agents.llm.http import open_session
from agents.llm.registry import connect
from agents.llm.types import ChatMessage
from evalhub.common.outbound import AddressPolicy
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]
STRICT = AddressPolicy()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:7f00:1]", "0x7f000001", "2130706433", "127.1", "0.0.0.0"])
@pytest.mark.parametrize("kind", ["webhook", "openai"])
async def test_no_request_leaves_for_this_machine(host: str, kind: str, make_spec: MakeSpec, server: MockModelServer) -> None:
    address = make_spec(kind).base_url.replace("127.0.0.1", host)
    async with open_session(STRICT) as http:
        with pytest.raises(PermanentError, match="The host"):
            await connect(make_spec(kind, base_url=address), http).complete(HELLO)
    assert server.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_allowed_host_is_reached(host: str, make_spec: MakeSpec) -> None:
    address = make_spec().base_url.replace("127.0.0.1", host)
    for policy in (AddressPolicy(allow_loopback=True), AddressPolicy(allowed_hosts=(host,)), None):
        async with open_session(policy) as http:
            assert (await connect(make_spec(base_url=address), http).complete(HELLO)).text


async def test_a_redirect_to_an_inner_address_is_not_followed(
    make_spec: MakeSpec, http: aiohttp.ClientSession, server: MockModelServer
) -> None:
    server.script.always("mock", "redirect")
    with pytest.raises(PermanentError, match="not followed"):
        await connect(make_spec(), http).complete(HELLO)


async def test_a_proxy_of_the_environment_does_not_get_around_the_policy(
    make_spec: MakeSpec, server: MockModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    async with open_session(STRICT) as http:
        with pytest.raises(PermanentError):
            await connect(make_spec(base_url="http://10.0.0.1/v1"), http).complete(HELLO)
    assert server.requests == []
