"""What addresses, hosts and names of sources and environments may look like. Raises ValidationError with a sentence, without the field."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

LONGEST_ADDRESS = 500
_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*(:[0-9]{1,5})?", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def web_address(address: str, *, is_base: bool = False) -> str:
    """http(s)://host[:port][/path]; a base has no query. "" stays ""."""
    address = address.strip()
    if not address:
        return ""
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or " " in address:
        raise ValidationError(f"Must be one address without spaces, of at most {LONGEST_ADDRESS} characters.")
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValidationError("Must be an address such as https://api.example.com/v1, with http or https.")
    if "@" in parts.netloc:
        raise ValidationError("Must not carry a user or password: put them into variables of an environment.")
    if is_base and (parts.query or parts.fragment):
        raise ValidationError("Must end with the path: requests are made below this address.")
    return address


def host_name(host: str) -> str:
    """A host that a sandbox may reach: api.example.com, *.example.com, either with a port."""
    host = host.strip().lower()
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise ValidationError(f"{host[:60]!r} is no host such as api.example.com, *.example.com or api.example.com:8443.")
    return host


def variable_name(name: str) -> str:
    """A name that programs and requests can use: API_KEY."""
    name = name.strip()
    if not _VARIABLE.fullmatch(name):
        raise ValidationError(f"{name[:60]!r} is no name such as API_KEY: letters, digits and _, and no digit first.")
    return name
