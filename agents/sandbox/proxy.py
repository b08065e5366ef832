"""The one way out of a sandbox: an HTTP proxy on a Unix socket that connects to named hosts and to nothing else.

The resolver it is given judges what it finds, and the connection goes to an address that was judged.
"""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver

from agents.sandbox.job import BadJob
from evalhub.common.outbound import AddressRefused

HEAD_BYTES, HEAD_SECONDS, CONNECT_SECONDS, IDLE_SECONDS = 64 * 1024, 15.0, 15.0, 300.0
CHUNK = 64 * 1024
MOST_CONNECTIONS = 64
USUAL_PORTS = (80, 443)
OURS = (b"host", b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"upgrade")
STRAY_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]")  # a server may take it for the end of a line, or for none
HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>(?:\*\.)?[\w-]+(?:\.[\w-]+)*\.?))(?::(?P<port>\d{1,5}))?")


class Refused(Exception):
    """The client is answered with this status and sentence."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Proxy:
    """An async context: the proxy of one job. `folder` holds its socket; `owner` is the user who may reach it, when that is another.

    `outside` resolves names, and raises AddressRefused for addresses that are not for members' jobs.
    """

    def __init__(self, hosts: Sequence[str], outside: AbstractResolver, *, max_bytes: int, owner: int | None = None) -> None:
        self._hosts = [_host_and_port(host) for host in hosts]
        self._outside = outside
        self._left = max_bytes
        self._owner = owner
        self._open: set[asyncio.Task[None]] = set()
        self.folder = ""
        self.refused: list[str] = []

    async def __aenter__(self) -> "Proxy":
        self.folder = tempfile.mkdtemp(prefix="evalhub-proxy-")
        path = os.path.join(self.folder, "socket")
        try:
            self._server = await asyncio.start_unix_server(self._accepted, path, limit=HEAD_BYTES)
            if self._owner is not None:
                os.chown(path, self._owner, self._owner)
                os.chown(self.folder, self._owner, self._owner)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def allows(self, host: str, port: int) -> bool:
        """`*.example.com` stands for every name below example.com, and not for example.com itself."""
        name = host.rstrip(".").lower()
        for pattern, only in self._hosts:
            is_named = name.endswith(pattern[1:]) and len(name) > len(pattern) - 1 if pattern.startswith("*.") else name == pattern
            if is_named and (port == only if only else port in USUAL_PORTS):
                return True
        return False

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101
        self._open.add(task)
        try:
            if len(self._open) <= MOST_CONNECTIONS:
                await self._served(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client sees its connection end
        finally:
            self._open.discard(task)
            writer.close()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        try:
            host, port, first = _asked(head)
            server_reader, server_writer = await self._connected(host, port)
        except Refused as refusal:
            writer.write(_answer(refusal))
            await writer.drain()
            return
        try:
            if first:
                server_writer.write(first)
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(self._copied(reader, server_writer), self._copied(server_reader, writer))
        finally:
            server_writer.close()

    async def _connected(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.allows(host, port):
            self._refuse(host, port)
            raise Refused("403 Forbidden", f"{host}:{port} is not among the hosts that this sandbox may reach.")
        addresses = await self._addresses(host, port)
        for address in addresses:
            with suppress(OSError, TimeoutError):
                return await asyncio.wait_for(asyncio.open_connection(address, port, limit=CHUNK), CONNECT_SECONDS)
        raise Refused("502 Bad Gateway", f"{host}:{port} does not answer.")

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await asyncio.wait_for(self._outside.resolve(host, port), CONNECT_SECONDS)
        except AddressRefused as refusal:
            self._refuse(host, port)
            raise Refused("403 Forbidden", refusal.message) from None
        except (OSError, UnicodeError, TimeoutError):
            raise Refused("502 Bad Gateway", f"The name {host} cannot be resolved.") from None
        return list(dict.fromkeys(result["host"] for result in found))

    def _refuse(self, host: str, port: int) -> None:
        said = f"{host[:255]}:{port}"
        if said not in self.refused and len(self.refused) < 100:
            self.refused.append(said)

    async def _copied(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Until its end, within what the job may transfer in all; then both ways are cut."""
        while data := await asyncio.wait_for(source.read(CHUNK), IDLE_SECONDS):
            self._left -= len(data)
            if self._left < 0:
                raise OSError("the job transferred more than it may")
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()


def _asked(head: bytes) -> tuple[str, int, bytes]:
    """Host and port that are wanted, and what is to be sent there first: nothing for CONNECT, else the request as a server expects it."""
    line, _, rest = head.partition(b"\r\n")
    try:
        method, target, version = line.decode("ascii").split(" ")
        address = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = address.hostname, address.port
    except ValueError:
        raise Refused("400 Bad Request", "That is no request to a proxy.") from None
    if method == "CONNECT":
        if not host or not port:
            raise Refused("400 Bad Request", "CONNECT needs a host and a port.")
        return host, port, b""
    if address.scheme != "http" or not host:
        raise Refused("400 Bad Request", "Only http:// addresses and CONNECT are passed on.")
    if STRAY_BREAK.search(rest):
        raise Refused("400 Bad Request", "A header has a line break in it.")
    path = (address.path or "/") + (f"?{address.query}" if address.query else "")
    return host, port or 80, f"{method} {path} {version}\r\n".encode() + _single(rest, address.netloc.rpartition("@")[2])


def _single(headers: bytes, host: str) -> bytes:
    """Headers for the host that was judged (RFC 9112, 3.2.2), and for one answer, so that no second request slips through unread."""
    lines = [line for line in headers.split(b"\r\n") if line and line.split(b":")[0].strip().lower() not in OURS]
    return b"\r\n".join([f"Host: {host}".encode(), *lines, b"Connection: close", b"", b""])


def _answer(refusal: Refused) -> bytes:
    body = f"{refusal}\n".encode()
    head = (
        f"HTTP/1.1 {refusal.status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _host_and_port(text: str) -> tuple[str, int | None]:
    """`api.example.com`, `*.example.com`, `api.example.com:8443`, `[::1]:80`. Raises BadJob."""
    found = HOST.fullmatch(text.strip().lower())
    port = int(found["port"]) if found and found["port"] else None
    if not found or (port is not None and not 0 < port < 65536):
        raise BadJob(f"{text!r} is no host such as api.example.com, *.example.com or api.example.com:8443.")
    return (found["address"] or found["name"]).rstrip("."), port
