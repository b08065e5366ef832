"""What programs may be given: names of variables, and hosts that they may reach. Raises ValidationError with a sentence."""

import re

from django.core.exceptions import ValidationError

LONGEST_HOST = 253
_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*(:[0-9]{1,5})?", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def host_name(host: str) -> str:
    """A host that a sandbox may reach: api.example.com, *.example.com, either with a port."""
    host = host.strip().lower()
    if len(host) > LONGEST_HOST or not _HOST.fullmatch(host):
        raise ValidationError(f"{host[:60]!r} is no host such as api.example.com, *.example.com or api.example.com:8443.")
    return host


def variable_name(name: str) -> str:
    """A name that programs and requests can use: API_KEY."""
    name = name.strip()
    if not _VARIABLE.fullmatch(name):
        raise ValidationError(f"{name[:60]!r} is no name such as API_KEY: letters, digits and _, and no digit first.")
    return name
