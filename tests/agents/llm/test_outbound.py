"""Which addresses an endpoint agent may have. Names are resolved by the machine's own resolver, so only local ones are used."""

from collections.abc import Sequence

import aiohttp
import pytest

from agents.llm.errors import PermanentError
from agents.llm.http import open_session
from agents.llm.outbound import AddressPolicy
from agents.llm.registry import connect
from agents.llm.types import ChatMessage
from tests.agents.llm.conftest import MakeSpec
from tests.support.mock_server import MockModelServer

HELLO = [ChatMessage("user", "hello")]
STRICT = AddressPolicy()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "a loopback address"),
        ("127.8.8.8", "a loopback address"),
        ("::1", "a loopback address"),
        ("0.0.0.0", "the unspecified address"),
        ("::", "the unspecified address"),
        ("10.1.2.3", "a private address"),
        ("172.16.0.1", "a private address"),
        ("192.168.1.1", "a private address"),
        ("100.64.0.1", "a reserved address"),
        ("fd12::1", "a private address"),
        ("fec0::1", "a private address"),
        ("169.254.1.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("255.255.255.255", "a private address"),
        ("169.254.169.254", "a cloud metadata address"),
        ("fd00:ec2::254", "a cloud metadata address"),
        ("100.100.100.200", "a cloud metadata address"),
        ("168.63.129.16", "a cloud metadata address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("::ffff:10.0.0.1", "a private address"),
        ("::ffff:169.254.169.254", "a cloud metadata address"),
        ("64:ff9b::a9fe:a9fe", "a cloud metadata address"),
        ("64:ff9b::7f00:1", "a loopback address"),
        ("2002:7f00:1::", "a loopback address"),
        ("1.1.1.1", ""),
        ("2606:4700:4700::1111", ""),
    ],
)
def test_every_way_to_write_an_inner_address_is_recognised(address: str, reason: str) -> None:
    assert STRICT.reason_against(address) == reason


def test_a_refusal_names_host_reason_and_setting() -> None:
    with pytest.raises(PermanentError) as caught:
        STRICT.vetted("intranet.example", ["10.0.0.5"])
    assert caught.value.message.startswith("The host intranet.example resolves to 10.0.0.5, a private address")
    assert "EVALHUB_ALLOWED_HOSTS_OUT" in caught.value.message


def test_only_the_good_addresses_of_a_name_are_used() -> None:
    assert STRICT.vetted("mixed.example", ["10.0.0.5", "1.1.1.1"]) == ["1.1.1.1"]


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(PermanentError, match="no address at all"):
        STRICT.vetted("empty.example", [])


def test_loopback_can_be_allowed_without_allowing_the_rest() -> None:
    policy = AddressPolicy(allow_loopback=True)
    assert policy.vetted("localhost", ["127.0.0.1", "::1"]) == ["127.0.0.1", "::1"]
    with pytest.raises(PermanentError):
        policy.vetted("x", ["10.0.0.1"])


@pytest.mark.parametrize(
    ("allowed", "host", "addresses"),
    [
        (("agents.intra",), "agents.intra", ["10.0.0.5"]),
        (("Agents.Intra.",), "agents.intra", ["10.0.0.5"]),
        (("10.0.0.5",), "10.0.0.5", ["10.0.0.5"]),
        (("10.0.0.0/8",), "anything.example", ["10.9.9.9"]),
        (("10.0.0.0/8",), "anything.example", ["::ffff:10.9.9.9"]),
        (("[fd12::1]",), "fd12::1", ["fd12::1"]),
    ],
)
def test_an_owner_opens_hosts_addresses_and_networks(allowed: tuple[str, ...], host: str, addresses: Sequence[str]) -> None:
    assert AddressPolicy(allowed_hosts=allowed).vetted(host, addresses) == list(addresses)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:7f00:1]", "0x7f000001", "2130706433", "127.1", "0.0.0.0"])
@pytest.mark.parametrize("kind", ["webhook", "openai"])
async def test_no_request_leaves_for_this_machine(host: str, kind: str, make_spec: MakeSpec, server: MockModelServer) -> None:
    address = make_spec(kind).base_url.replace("127.0.0.1", host)
    async with open_session(STRICT) as http:
        with pytest.raises(PermanentError, match="host|canonical"):
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
