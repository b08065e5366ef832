"""The way to named hosts, tried from inside a sandbox and with names that have several addresses."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.sandbox import BadJob, Job, execute
from agents.sandbox.proxy import Proxy
from evalhub.common.outbound import AddressPolicy, VettingResolver
from tests.support.sandbox import limits, python, run, said
from tests.support.small_servers import ScriptedResolver

OPEN = AddressPolicy(allow_loopback=True)

ASK = """
import http.client, json, sys
def ask(method, target, tunnel=None):
    connection = http.client.HTTPConnection('127.0.0.1', 3128, timeout=20)
    if tunnel: connection.set_tunnel(*tunnel)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        print(json.dumps([answer.status, answer.read().decode()[:300]]))
    except OSError as error:
        print(json.dumps([0, str(error)]))
    connection.close()
"""


@dataclass
class Server:
    """Answers every request with 200, and remembers the heads."""

    port: int = 0
    heads: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    served = Server()
    listener = await asyncio.start_server(served.answer, "127.0.0.1", 0)
    served.port = listener.sockets[0].getsockname()[1]
    yield served
    listener.close()


async def answers(code: str, *hosts: str, policy: AddressPolicy = OPEN, **job: Any) -> list[Any]:
    outcome = await python(ASK + code, allowed_hosts=hosts, policy=policy, **job)
    return [json.loads(line) for line in said(outcome).splitlines()]


async def test_a_named_host_is_reached_by_a_plain_request_and_through_a_tunnel(server: Server) -> None:
    code = f"ask('GET', 'http://{server.host}/a?b=c')\nask('POST', '/d', ('127.0.0.1', {server.port}))"
    assert await answers(code, server.host) == [[200, "hello"], [200, "hello"]]
    assert server.heads[0].startswith("GET /a?b=c HTTP/1.1\r\n")
    assert "Connection: close" in server.heads[0]
    assert server.heads[1].startswith("POST /d HTTP/1.1\r\n")


async def test_a_plain_request_is_for_the_host_that_was_judged(server: Server) -> None:
    """Behind one address there may be others, and the header says which of them is meant."""
    code = f"""
        import socket
        def ask(*headers):
            with socket.create_connection(('127.0.0.1', 3128)) as client:
                client.sendall(b'\\r\\n'.join([b'GET http://user:x@{server.host}/a HTTP/1.1', *headers, b'', b'']))
                print(client.recv(12).decode())
        ask(b'Host: inner.example', b'HOST : other.example', b'Proxy-Authorization: x', b'Connection: Upgrade', b'Upgrade: h2c')
        ask(b'X: y\\nHost: inner.example')
        ask(b'X: y', b' Host: inner.example')
        ask(b'X: y\\rHost: inner.example')
    """
    outcome = await python(code, allowed_hosts=(server.host,), policy=OPEN)
    assert said(outcome).splitlines() == ["HTTP/1.1 200", *["HTTP/1.1 400"] * 3]
    assert server.heads == [f"GET /a HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n"]


async def test_programs_find_the_proxy_by_the_usual_variables(server: Server) -> None:
    code = f"""
        import os, urllib.request
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({{'http': os.environ['HTTP_PROXY']}}))
        del os.environ['no_proxy'], os.environ['NO_PROXY']  # the test's server is at an address that programs do not ask a proxy for
        for name in ('http_proxy', 'https_proxy', 'HTTPS_PROXY'): assert os.environ[name] == os.environ['HTTP_PROXY']
        print(opener.open('http://{server.host}/').read().decode())
    """
    assert said(await python(code, allowed_hosts=(server.host,), policy=OPEN)) == "hello"


async def test_every_other_host_is_refused_and_told(server: Server) -> None:
    targets = [f"http://localhost:{server.port}/", "http://example.com/", "http://127.0.0.1/", "http://169.254.169.254/latest/"]
    code = ASK + "".join(f"ask('GET', {target!r})\n" for target in targets) + f"ask('GET', '/', ('example.com', {server.port}))\n"
    outcome = await python(code, allowed_hosts=(server.host,), policy=OPEN)
    statuses = [json.loads(line)[0] for line in said(outcome).splitlines()]
    assert statuses == [403, 403, 403, 403, 0]
    assert "is not among the hosts" in outcome.stdout
    assert outcome.refused_hosts == (
        f"localhost:{server.port}",
        "example.com:80",
        "127.0.0.1:80",
        "169.254.169.254:80",
        f"example.com:{server.port}",
    )
    assert server.heads == []


async def test_a_named_host_at_an_inner_address_is_refused_by_the_policy(server: Server) -> None:
    outcome = await python(ASK + f"ask('GET', 'http://{server.host}/')", allowed_hosts=(server.host,))
    assert json.loads(said(outcome))[0] == 403
    assert "a loopback address" in outcome.stdout
    assert outcome.refused_hosts == (server.host,)
    assert server.heads == []


async def test_a_way_to_named_hosts_opens_no_other(server: Server) -> None:
    code = f"""
        import socket
        for address in (('127.0.0.1', {server.port}), ('192.0.2.1', 80)):
            try: socket.create_connection(address, 3); print('CONNECTED')
            except OSError as error: print(error.strerror)
    """
    outcome = await python(code, allowed_hosts=(server.host,), policy=OPEN)
    assert set(said(outcome).splitlines()) == {"Connection refused", "Network is unreachable"}


async def test_without_named_hosts_there_is_no_proxy() -> None:
    outcome = await python(
        "import os, socket; print([name for name in os.environ if 'prox' in name.lower()]); socket.create_connection(('127.0.0.1', 3128))"
    )
    assert outcome.stdout == "[]\n"
    assert "Connection refused" in outcome.stderr


NO_REQUESTS = ["GET / HTTP/1.1", "GET ftp://x/ HTTP/1.1", "CONNECT x HTTP/1.1", "CONNECT :1 HTTP/1.1", "rubbish", "GET http://[x/ HTTP/1.1"]


@pytest.mark.parametrize("line", NO_REQUESTS)
async def test_what_is_no_request_to_a_proxy_is_answered_400(line: str) -> None:
    async with proxied(["x"]) as ask:
        assert (await ask(line)).startswith("HTTP/1.1 400 ")


async def test_what_a_job_transfers_is_limited(server: Server) -> None:
    code = f"""
import socket
with socket.create_connection(('127.0.0.1', 3128)) as client:
    client.sendall(b'CONNECT {server.host} HTTP/1.1\\r\\n\\r\\n')
    client.recv(100)
    sent = 0
    try:
        while sent < 50_000_000: sent += client.send(bytes(65536))
    except OSError: pass
    print('cut' if sent < 20_000_000 else sent)
"""
    outcome = await python(code, allowed_hosts=(server.host,), policy=OPEN, limits=limits(network_bytes=1_000_000))
    assert said(outcome) == "cut"


@asynccontextmanager
async def proxied(hosts: list[str], policy: AddressPolicy | None = None, **names: list[list[str]]) -> AsyncIterator[Any]:
    """A proxy whose names are looked up in a script; asks it one line and returns what it answers."""
    async with Proxy(hosts, VettingResolver(policy or AddressPolicy(), ScriptedResolver(**names)), max_bytes=1_000_000) as proxy:

        async def ask(line: str) -> str:
            reader, writer = await asyncio.open_unix_connection(os.path.join(proxy.folder, "socket"))
            writer.write(f"{line}\r\nHost: x\r\n\r\n".encode())
            answer = await asyncio.wait_for(reader.read(2000), 20)
            writer.close()
            return answer.decode()

        yield ask


async def test_a_name_goes_to_an_address_that_was_judged_and_is_looked_up_once(server: Server) -> None:
    """Of several addresses the inner ones are left out; a second look-up, which would say something else, does not happen."""
    port = server.port
    async with proxied(
        [f"rebound.test:{port}"], AddressPolicy(allow_loopback=True), rebound_test=[["10.0.0.1", "127.0.0.1"], ["10.0.0.1"]]
    ) as ask:
        assert (await ask(f"GET http://rebound.test:{port}/ HTTP/1.1")).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["169.254.169.254"], ["10.1.2.3", "::1"], ["::ffff:127.0.0.1"]])
async def test_a_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    async with proxied(["inner.test"], inner_test=[addresses]) as ask:
        answer = await ask("CONNECT inner.test:443 HTTP/1.1")
    assert answer.startswith("HTTP/1.1 403 ")
    assert "inner.test" in answer


async def test_a_name_nobody_knows_is_answered_502() -> None:
    async with proxied(["nobody.test"]) as ask:
        assert (await ask("CONNECT nobody.test:443 HTTP/1.1")).startswith("HTTP/1.1 502 ")


@pytest.mark.parametrize(
    ("pattern", "host", "port", "allowed"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("api.example.com", "API.Example.COM.", 80, True),
        ("api.example.com", "api.example.com", 22, False),
        ("api.example.com:8443", "api.example.com", 8443, True),
        ("api.example.com:8443", "api.example.com", 443, False),
        ("api.example.com", "xapi.example.com", 443, False),
        ("api.example.com", "api.example.com.evil.net", 443, False),
        ("*.example.com", "a.example.com", 443, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", ".example.com", 443, False),
        ("*.example.com", "aexample.com", 443, False),
        ("*.example.com:99", "a.example.com", 99, True),
    ],
)
def test_a_pattern_stands_for_hosts_and_ports(pattern: str, host: str, port: int, allowed: bool) -> None:
    proxy = Proxy([pattern], VettingResolver(AddressPolicy()), max_bytes=1)
    assert proxy.allows(host, port) is allowed


@pytest.mark.parametrize("host", ["", "*", "*.", "http://x", "x/y", "a.*.com", "*x.com", "x:y", "user@x", "x y", "x:0", "x:70000"])
async def test_what_is_no_host_is_refused_before_anything_starts(host: str) -> None:
    with pytest.raises(BadJob, match="is no host such as"):
        await execute(Job(["true"], allowed_hosts=(host,)), unsandboxed_allowed=False)


async def test_the_sandbox_cannot_use_the_proxy_of_another(server: Server) -> None:
    outcome = await run("ls", "-A", "/run/proxy", allowed_hosts=(server.host,), policy=OPEN)
    assert said(outcome) == "socket"
