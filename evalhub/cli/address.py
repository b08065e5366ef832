"""Where the web part listens: whether it can, how people reach it, and what a host other than loopback means for the settings."""

import errno
import ipaddress
import os
import socket
from dataclasses import dataclass

from evalhub.cli.errors import CommandError

EVERY_INTERFACE = frozenset({"0.0.0.0", "::"})  # noqa: S104  recognised here, bound only when somebody asks for it


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port that were free a moment ago."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """How this machine reaches it: every interface includes loopback."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host and "[" not in host else f"http://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name: what it resolves to may change, so it is not trusted to be this machine
            return False


def address_free(host: str, port: int) -> Address:
    """The address, with 0 replaced by a free port. Raises CommandError when it cannot be listened on."""
    host = host.strip("[]")
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # as the server does: a port whose last connections are still closing is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            return Address(host, probe.getsockname()[1])
    except OSError as error:
        raise CommandError(_why_not(host, port, error)) from None


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Stop what listens there, or choose another one with --port (0 takes a free one)."
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} is reserved for the system. Choose one above 1023 with --port."
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"This machine has no address {host}. Choose another one with --host, for example 127.0.0.1."
    return f"Port {port} on {host} cannot be listened on: {error.strerror or error}."


def trust_own_machine(address: Address) -> None:
    """Only people on this machine can make agents of a loopback server, so its agents may be here too, unless somebody said otherwise."""
    if address.is_loopback:
        os.environ.setdefault("EVALHUB_ALLOW_LOOPBACK_OUT", "1")


def answer_to(address: Address) -> str:
    """Let the pages answer to the host they listen on, where nobody set the names. Returns a warning to print, or ""."""
    if address.is_loopback or os.environ.get("EVALHUB_ALLOWED_HOSTS"):
        return ""
    if address.host not in EVERY_INTERFACE:
        name = f"[{address.host}]" if ":" in address.host else address.host
        os.environ["EVALHUB_ALLOWED_HOSTS"] = f"127.0.0.1,localhost,[::1],{name}"
        return ""
    return (
        "EvalHub listens on every interface but answers to localhost only: "
        "set EVALHUB_ALLOWED_HOSTS to the names people will use, for example EVALHUB_ALLOWED_HOSTS=evalhub.example.org,127.0.0.1."
    )
