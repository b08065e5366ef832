"""What the web server reads and refuses itself, before any code of the API: raw bytes to a real process."""

import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.process.running import Up

JSON = b"content-type: application/json\r\n"
STATUS = b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# Name: what is sent, how the answer begins, and words of its sentence.
ODD = {
    "a form": (
        b"POST /v1/eval-runs HTTP/1.1\r\nHost: localhost\r\nX-Sapient-Api-Key: sk_x\r\nContent-Type: multipart/form-data\r\n"
        b"Content-Length: 3\r\nConnection: close\r\n\r\na=b",
        401,
        "API key",
    ),
    "bytes in a path": (b"GET /v1/prompts/\xc3\xa9 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "could not be read"),
    "a long line": (b"GET /v1/prompts?status=" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "16 KiB"),
    "many headers": (b"GET /v1/status HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(600)) + b"\r\n", 400, "16 KiB"),
    "no HTTP": (b"\x16\x03\x01 hello\r\n\r\n", 400, "no HTTP"),
}


def talked(running: Up, sent: bytes) -> bytes:
    """All that comes back until the connection is closed."""
    address, received = urlsplit(running.url), b""
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        client.sendall(sent)
        while part := client.recv(64 * 1024):
            received += part
    return received


def test_what_cannot_be_read_is_refused_in_json_and_head_has_no_body_however_long_it_would_be(up: Callable[..., Up]) -> None:
    running = up("--no-demo")
    for name, (sent, status, words) in ODD.items():
        head, _, body = talked(running, sent).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status), (name, head)
        assert JSON in head.lower() + b"\r\n", (name, head)
        assert words in json.loads(body)["detail"], name
    long = b" /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n"
    whole = talked(running, b"GET" + long + b"Connection: close\r\n\r\n")
    assert len(whole) > 64 * 1024, "no longer sent in pieces, so this proves nothing"
    both = talked(running, b"HEAD" + long + b"\r\n" + STATUS)
    assert both.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert both.endswith(b'"version":"%s"}' % json.loads(running.get("/v1/status").text)["version"].encode())
    assert len(both) < 4096
