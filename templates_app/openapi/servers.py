"""Addresses of servers in a document, with their variables filled in, and the path that each one begins with."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

MOST = 20
LONGEST = 500
_VARIABLE = re.compile(r"\{([^{}]+)\}")


def server_addresses(described: dict[str, Any]) -> list[str]:
    """The addresses under `servers`, as written: often relative to where the document was found."""
    given = described.get("servers")
    found = [_filled(server) for server in given[:MOST] if isinstance(server, dict)] if isinstance(given, list) else []
    return [address for address in dict.fromkeys(found) if address and len(address) <= LONGEST]


def _filled(server: dict[str, Any]) -> str:
    variables = server.get("variables")
    defaults = variables if isinstance(variables, dict) else {}
    address = server.get("url")

    def default(match: re.Match[str]) -> str:
        described = defaults.get(match[1])
        return str(described.get("default", "")) if isinstance(described, dict) else ""

    return _VARIABLE.sub(default, address).strip() if isinstance(address, str) else ""


def base_paths(addresses: Iterable[str]) -> list[str]:
    """What paths may begin with, the longest first and "" last: `https://api.example.com/v1/` -> `/v1`."""
    found = set()
    for address in addresses:
        try:
            path = urlsplit(address).path.rstrip("/")
        except ValueError:
            continue
        found.add(path if path.startswith("/") or not path else f"/{path}")
    return sorted(found | {""}, key=len, reverse=True)
