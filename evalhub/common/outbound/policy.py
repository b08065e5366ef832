"""Which addresses a request may go to whose address a member typed: not this machine, its network, or a cloud's metadata.

Asked by `connection`, before each connection. A model provider's address is an owner's setting and is not checked here.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The last two are public addresses that a virtual machine on Azure and on Oracle's cloud reaches its own host by.
METADATA_ADDRESSES = frozenset(
    ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
NAT64 = IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = IPv6Network("::/96")  # out of use, yet ::127.0.0.1 counts as a public address for `ipaddress`


class AddressRefused(Exception):
    """A request that was not sent because of where it would have gone. The message names host, reason and setting."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """`allowed_hosts` are host names, addresses or networks (10.1.0.0/16) that an owner has opened on purpose."""

    allow_loopback: bool = False
    allowed_hosts: tuple[str, ...] = ()

    def vetted(self, host: str, addresses: Sequence[str]) -> list[str]:
        """The addresses a connection may go to. Raises `AddressRefused` with the reason when none is left."""
        if self._is_opened(host):
            return list(addresses)
        reasons = {text: self.reason_against(text) for text in addresses}
        good = [text for text, reason in reasons.items() if not reason]
        if not good:
            raise _refusal(host, reasons)
        return good

    def reason_against(self, address: str) -> str:
        """What is wrong with an address ("a private address"), or an empty string."""
        ip = _scopeless(ip_address(address))
        if any(ip in network or _unwrapped(ip) in network for network in self._opened_networks()):
            return ""
        reason = _why_not_public(_unwrapped(ip))
        return "" if self.allow_loopback and reason == "a loopback address" else reason

    def _is_opened(self, host: str) -> bool:
        return _plain(host) in {_plain(name) for name in self.allowed_hosts}

    def _opened_networks(self) -> list[Network]:
        return [network for network in map(_network_or_none, self.allowed_hosts) if network is not None]


def written_address(host: str) -> str:
    """The address that a URL's host spells out, also as 127.1, 0x7f.1 or 2130706433; empty for a name."""
    text = host.strip("[]").rstrip(".")
    try:
        return str(ip_address(text))
    except ValueError:
        pass
    try:
        # What the C library, and so a resolver, takes for an IPv4 address; it would end its reading at a space.
        return "" if " " in text else socket.inet_ntoa(socket.inet_aton(text))
    except (OSError, ValueError):
        return ""


def _plain(host: str) -> str:
    """One spelling of a host: bücher.example and its punycode are the same name."""
    text = host.strip().strip("[]").rstrip(".").lower()
    try:
        return URL.build(scheme="http", host=text).raw_host or text
    except ValueError:
        return text


def _scopeless(ip: Address) -> Address:
    """fe80::1%eth0 without the name of the network card, which would keep it from being equal to anything."""
    return IPv6Address(int(ip)) if isinstance(ip, IPv6Address) else ip


def _unwrapped(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one, for every notation that ends at an IPv4 host."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in NAT64 or (ip in IPV4_COMPATIBLE and int(ip) > 1):
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
        (ip.is_reserved or not ip.is_global, "a reserved address"),
    )
    return next((reason for found, reason in checks if found), "")


def _refusal(host: str, reasons: dict[str, str]) -> AddressRefused:
    address, reason = next(iter(reasons.items()), ("nothing", "no address at all"))
    where = f"is {reason}" if _plain(host) == address else f"resolves to {address}, {reason}"
    return AddressRefused(
        f"The host {host} {where}, and it must be a public one. An owner can open it by adding it to EVALHUB_ALLOWED_HOSTS_OUT."
    )


def _network_or_none(text: str) -> Network | None:
    try:
        return ip_network(text.strip().strip("[]"), strict=False)
    except ValueError:
        return None
