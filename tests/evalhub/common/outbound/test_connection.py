"""Connections by the rule: which certificate they take, and how long a name server may keep anybody waiting."""

import asyncio
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from evalhub.common.outbound import FetchProblem, SystemResolver, fetch
from evalhub.common.outbound.connection import _in_own_thread
from tests.support.small_servers import LOCAL, ScriptedResolver, failure


def certificate_for(name: str, folder: Path) -> Path:
    """A certificate and its key in one file, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    return path


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="secure")


async def test_a_certificate_must_be_trusted_and_of_the_name_that_was_asked(tmp_path: Path) -> None:
    pem = certificate_for("api.example", tmp_path)
    serving, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=str(pem))
    serving.load_cert_chain(pem)
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving).start()
    port = runner.addresses[0][1]
    resolver = ScriptedResolver(api_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    try:
        # The connection goes to a vetted address, and still the certificate is held against the name.
        assert (await fetch(f"https://api.example:{port}/", LOCAL, resolver=resolver, tls=trusting)).body == b"secure"
        other = await failure(f"https://other.example:{port}/", resolver=resolver, tls=trusting)
        untrusted = await failure(f"https://api.example:{port}/", resolver=resolver)
    finally:
        await runner.cleanup()
    assert {other.problem, untrusted.problem} == {FetchProblem.TLS}
    assert "other.example" in other.message
    assert "self-signed certificate" in untrusted.message


class Hanging(AbstractResolver):
    """A name server that does not answer."""

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        await asyncio.sleep(60)
        return []

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_name_server_that_does_not_answer_costs_no_more_than_the_time_of_the_whole() -> None:
    failed = await failure("http://api.example/", resolver=Hanging(), timeout_s=0.2)
    assert failed.problem is FetchProblem.TOO_SLOW


def test_a_look_up_that_hangs_does_not_keep_the_loop_from_ending() -> None:
    async def impatient() -> None:
        async with asyncio.timeout(0.1):
            await _in_own_thread(lambda: time.sleep(5))

    began = time.perf_counter()
    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert time.perf_counter() - began < 3


async def test_the_machines_own_look_up_knows_this_machine_and_refuses_what_is_no_name() -> None:
    found = await SystemResolver().resolve("localhost", 80)
    assert {result["host"] for result in found} <= {"127.0.0.1", "::1"}
    assert {result["port"] for result in found} == {80}
    with pytest.raises(UnicodeError):
        await SystemResolver().resolve("a" * 70 + ".example", 80)
