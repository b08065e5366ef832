"""The domain in a web address, in the one form in which domains are compared and stored. Plain Python."""

import re
from urllib.parse import unquote

import idna

MAX_DOMAIN = 253
HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)
_ASCII_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")


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
