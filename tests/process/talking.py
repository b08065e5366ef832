"""One JSON call to a server process, as any client would make it, and a port nobody listens on."""

import json
import socket
import urllib.request
from typing import Any


def post(url: str, key: str, body: object) -> Any:
    """The JSON answer of a POST. Raises HTTPError."""
    return _asked(urllib.request.Request(url, data=json.dumps(body).encode(), headers=_headers(key), method="POST"))


def get(url: str, key: str) -> Any:
    """The JSON answer of a GET. Raises HTTPError."""
    return _asked(urllib.request.Request(url, headers=_headers(key)))


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def _asked(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
