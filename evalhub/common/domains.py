"""The domain and the server in a web address, in the one form in which they are compared and stored. Plain Python."""

import re
from urllib.parse import unquote, urlsplit

import idna

MAX_DOMAIN = 253
PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)
_ASCII_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")


def server_of(address: str) -> str:
    """Scheme, host and port of an http(s) address, in the one form in which servers are compared; "" for what is none."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        return ""
    return f"{parts.scheme}://{parts.hostname.rstrip('.')}:{port}" if parts.hostname else ""


def domain_of(address: str) -> str:
    """The host of an address, or of what people write in its place (www.Acme.com/, acme.com): ASCII, lower case, without www. Or ""."""
    found = HOST.match(address.strip())
    host = unquote(found["host"] if found else "").rstrip(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return ""
    if len(host) > MAX_DOMAIN or not _ASCII_HOST.fullmatch(host):
        return ""
    return host.removeprefix("www.") if host.count(".") > 1 else host
