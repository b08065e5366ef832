"""Which addresses are refused, in every notation there is for them, and what an owner opens."""

from collections.abc import Sequence

import pytest

from evalhub.common.outbound import AddressPolicy, AddressRefused, written_address

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
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "a private address"),
        ("::127.0.0.1", "a loopback address"),
        ("::10.0.0.1", "a private address"),
        ("fe80::1%eth0", "a link-local address"),
        ("::1%lo", "a loopback address"),
        ("fd00:ec2::254%2", "a cloud metadata address"),
        ("4000::1", "a reserved address"),
        ("240.0.0.1", "a private address"),
        ("1.1.1.1", ""),
        ("2606:4700:4700::1111", ""),
    ],
)
def test_every_way_to_write_an_inner_address_is_recognised(address: str, reason: str) -> None:
    assert STRICT.reason_against(address) == reason


def test_the_local_prefix_of_nat64_is_refused_under_either_name_that_python_has_for_it() -> None:
    assert STRICT.reason_against("64:ff9b:1::7f00:1") in {"a private address", "a reserved address"}


def test_a_refusal_names_host_reason_and_setting() -> None:
    with pytest.raises(AddressRefused) as caught:
        STRICT.vetted("intranet.example", ["10.0.0.5"])
    assert caught.value.message.startswith("The host intranet.example resolves to 10.0.0.5, a private address")
    assert "EVALHUB_ALLOWED_HOSTS_OUT" in caught.value.message


def test_only_the_good_addresses_of_a_name_are_used() -> None:
    assert STRICT.vetted("mixed.example", ["10.0.0.5", "1.1.1.1"]) == ["1.1.1.1"]


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(AddressRefused, match="no address at all"):
        STRICT.vetted("empty.example", [])


def test_loopback_can_be_allowed_without_allowing_the_rest() -> None:
    policy = AddressPolicy(allow_loopback=True)
    assert policy.vetted("localhost", ["127.0.0.1", "::1"]) == ["127.0.0.1", "::1"]
    with pytest.raises(AddressRefused):
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
        (("fe80::/10",), "router.example", ["fe80::1%eth0"]),
        (("bücher.intra",), "xn--bcher-kva.intra", ["10.0.0.5"]),
        (("xn--bcher-kva.intra",), "BÜCHER.intra", ["10.0.0.5"]),
    ],
)
def test_an_owner_opens_hosts_addresses_and_networks(allowed: tuple[str, ...], host: str, addresses: Sequence[str]) -> None:
    assert AddressPolicy(allowed_hosts=allowed).vetted(host, addresses) == list(addresses)


@pytest.mark.parametrize("opened", ["intra", "agents.intra.example", "agents.intra:80", "*.intra", ""])
def test_an_opened_name_opens_nothing_but_itself(opened: str) -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy(allowed_hosts=(opened,)).vetted("agents.intra", ["10.0.0.5"])


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("2130706433", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7F000001", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("10.258", "10.0.1.2"),
        ("0", "0.0.0.0"),
        ("example.com", ""),
        ("1.example", ""),
        ("0x7g.1", ""),
        ("127.0.0.1 example", ""),
        ("256.256.256.256", ""),
        ("", ""),
    ],
)
def test_it_reads_an_address_as_a_resolver_would(host: str, address: str) -> None:
    assert written_address(host) == address
