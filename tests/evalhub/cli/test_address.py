"""Where the web part can listen, and what that means for the settings."""

import os
import socket

import pytest

from evalhub.cli.address import Address, address_free, answer_to, trust_own_machine
from evalhub.cli.errors import CommandError


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVALHUB_ALLOWED_HOSTS", "EVALHUB_ALLOW_LOOPBACK_OUT"):
        monkeypatch.setenv(name, "")  # so that what a test sets is undone
        monkeypatch.delenv(name)


def test_port_zero_becomes_a_free_port() -> None:
    assert address_free("127.0.0.1", 0).port > 0


def test_a_taken_port_is_one_sentence_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError) as error:
            address_free("127.0.0.1", port)
    assert (
        str(error.value)
        == f"Port {port} on 127.0.0.1 is taken. Stop what listens there, or choose another one with --port (0 takes a free one)."
    )


def test_an_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(CommandError, match=r"This machine has no address 192\.0\.2\.1\."):
        address_free("192.0.2.1", 8000)


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:80"), ("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("::1", "http://[::1]:80")],
)
def test_the_url_is_one_that_this_machine_can_open(host: str, url: str) -> None:
    assert Address(host, 80).url == url


@pytest.mark.parametrize(
    ("host", "loopback"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("evalhub.lan", False)]
)
def test_only_a_loopback_server_trusts_agents_on_its_own_machine(host: str, loopback: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    trust_own_machine(Address(host, 80))
    assert ("EVALHUB_ALLOW_LOOPBACK_OUT" in os.environ) is loopback
    monkeypatch.delenv("EVALHUB_ALLOW_LOOPBACK_OUT", raising=False)


def test_what_the_person_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_ALLOW_LOOPBACK_OUT", "0")
    trust_own_machine(Address("127.0.0.1", 80))
    assert os.environ["EVALHUB_ALLOW_LOOPBACK_OUT"] == "0"


def test_a_named_host_is_answered_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_ALLOWED_HOSTS", "")
    assert answer_to(Address("evalhub.lan", 80)) == ""
    assert os.environ["EVALHUB_ALLOWED_HOSTS"].endswith(",evalhub.lan")


def test_every_interface_without_names_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "EVALHUB_ALLOWED_HOSTS" in answer_to(Address("0.0.0.0", 80))
    monkeypatch.setenv("EVALHUB_ALLOWED_HOSTS", "evalhub.example.org")
    assert answer_to(Address("0.0.0.0", 80)) == ""
