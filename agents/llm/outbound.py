"""Where an endpoint agent may live: keeps a URL typed by a member from reaching this machine, its network or a cloud's metadata.

Used by `http.open_session` only. A model provider's address is an owner's setting and is not checked here.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from agents.llm.errors import PermanentError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The last two are public addresses that a virtual machine on Azure and on Oracle's cloud reaches its own host by.
METADATA_ADDRESSES = frozenset(
    ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """`allowed_hosts` are host names, addresses or networks (10.1.0.0/16) that an owner has opened on purpose."""

    allow_loopback: bool = False
    allowed_hosts: tuple[str, ...] = ()

    def vetted(self, host: str, addresses: Sequence[str]) -> list[str]:
        """The addresses a connection may go to. Raises `PermanentError` with the reason when none is left."""
        if self._is_opened(host):
            return list(addresses)
        reasons = {text: self.reason_against(text) for text in addresses}
        good = [text for text, reason in reasons.items() if not reason]
        if not good:
            raise _refusal(host, reasons)
        return good

    def reason_against(self, address: str) -> str:
        """What is wrong with an address ("a private address"), or an empty string."""
        ip = ip_address(address)
        if any(ip in network or _unwrapped(ip) in network for network in self._opened_networks()):
            return ""
        reason = _why_not_public(_unwrapped(ip))
        return "" if self.allow_loopback and reason == "a loopback address" else reason

    def _is_opened(self, host: str) -> bool:
        return _plain(host) in {_plain(name) for name in self.allowed_hosts}

    def _opened_networks(self) -> list[Network]:
        return [network for network in map(_network_or_none, self.allowed_hosts) if network is not None]


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _unwrapped(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one, for every notation that ends at an IPv4 host."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _why_not_public(ip: Address) -> str:
    checks = (
        (ip in METADATA_ADDRESSES, "a cloud metadata address"),
        (ip.is_loopback, "a loopback address"),
        (ip.is_unspecified, "the unspecified address"),
        (ip.is_link_local, "a link-local address"),
        (ip.is_multicast, "a multicast address"),
        (ip.is_private or (isinstance(ip, IPv6Address) and ip.is_site_local), "a private address"),
        (not ip.is_global, "a reserved address"),
    )
    return next((reason for found, reason in checks if found), "")


def _refusal(host: str, reasons: dict[str, str]) -> PermanentError:
    address, reason = next(iter(reasons.items()), ("nothing", "no address at all"))
    where = f"is {reason}" if _plain(host) == address else f"resolves to {address}, {reason}"
    return PermanentError(
        f"The host {host} {where}, and an agent's endpoint must be a public one. "
        "An owner can open it by adding it to EVALHUB_ALLOWED_HOSTS_OUT."
    )


class VettingResolver(AbstractResolver):
    """Resolves a name once and hands aiohttp only addresses that passed, so that a second DNS answer cannot swap them."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._resolver = ThreadedResolver()

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
        host = _plain(request.url.host or "")
        if _is_address(host):
            self._policy.vetted(host, [host])
        return await handler(request)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _network_or_none(text: str) -> Network | None:
    try:
        return ip_network(text.strip().strip("[]"), strict=False)
    except ValueError:
        return None
