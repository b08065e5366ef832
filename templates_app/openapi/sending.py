"""A checked request as it goes over the wire. The address is built from the operation's template, never taken from what a model wrote, so
that no text of a model can choose the host.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from templates_app.openapi import media
from templates_app.openapi.coercing import wire_text
from templates_app.openapi.snapshot import Parameter

_JOINS = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}
_COOKIE_SAFE = "!#$%&'()*+-./:<=>?@[]^_`{|}~"  # what a value of a cookie may have beside letters and digits
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")
# The client's to set, or a way to say two things to two servers.
RESERVED = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect", "via"),
        *("http2-settings", "proxy-authorization", "proxy-connection", "proxy-authenticate"),
    }
)


class Unsendable(ValueError):
    """A value that no request can carry; the message says why, without the value."""


@dataclass(frozen=True)
class Prepared:
    """`target` is path and query, percent-encoded, below a base address. Secrets are filled in: for sending only, never to be kept."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


def path_text(template: str, written: Sequence[tuple[Parameter, Any]]) -> str:
    """The template with its values. Raises Unsendable."""
    path = template
    for parameter, value in written:
        text = _simple(value, parameter["explode"])
        if not text:
            raise Unsendable(f"The path parameter {parameter['name']!r} is empty, which would change the path.")
        path = path.replace(f"{{{parameter['name']}}}", text)
    if {".", ".."} & set(path.split("/")):
        raise Unsendable("A part of the path is made of dots, which would change the path.")
    return path


def query_text(written: Sequence[tuple[Parameter, Any]], others: Mapping[str, str] | None = None) -> str:
    """`?a=1&b=2`, or "" without any."""
    pairs = [pair for parameter, value in written for pair in _pairs(parameter, value)]
    pairs += [f"{_quoted(name)}={_quoted(value)}" for name, value in (others or {}).items()]
    return "?" + "&".join(pairs) if pairs else ""


def header_text(parameter: Parameter, value: Any) -> str:
    """The value of a header that an operation describes."""
    if parameter["content_type"]:
        return json.dumps(value)
    if isinstance(value, list):
        return ",".join(map(wire_text, value))
    if isinstance(value, dict):
        return ",".join(f"{key}{'=' if parameter['explode'] else ','}{wire_text(part)}" for key, part in value.items())
    return wire_text(value)


def check_header(name: str, value: str) -> None:
    """Raises Unsendable for a name or value that is none, above all one with a line break in it, and for what is not a model's to set."""
    if not _HEADER_NAME.fullmatch(name):
        raise Unsendable("A header has a name that no header can have.")
    if name.lower() in RESERVED:
        raise Unsendable(f"The header {name} is set by EvalHub.")
    if not _HEADER_VALUE.fullmatch(value):
        raise Unsendable(f"The header {name} has a value with line breaks, or with characters that headers cannot have.")


def cookie_text(cookies: Mapping[str, str]) -> str:
    """The header Cookie. Raises Unsendable for a name that is none."""
    if any(not _HEADER_NAME.fullmatch(name) for name in cookies):
        raise Unsendable("A cookie has a name that no cookie can have.")
    return "; ".join(f"{name}={quote(value, safe=_COOKIE_SAFE, errors='replace')}" for name, value in cookies.items())


def body_bytes(content_type: str, value: Any) -> bytes:
    """The body of a checked value: JSON, a form or text."""
    kind = media.kind(content_type)
    if kind == media.JSON:
        return json.dumps(value, ensure_ascii=False).encode()
    if kind == media.FORM and isinstance(value, dict):
        return "&".join(pair for name, part in value.items() for pair in _form_pairs(name, part)).encode()
    return wire_text(value).encode()


def _pairs(parameter: Parameter, value: Any) -> list[str]:
    name, style = parameter["name"], parameter["style"]
    if parameter["content_type"]:
        return [f"{_quoted(name)}={_quoted(json.dumps(value, ensure_ascii=False))}"]
    if style == "deepObject" and isinstance(value, dict):
        return _deep(_quoted(name), value)
    if not parameter["explode"]:
        return [f"{_quoted(name)}={_simple(value, False, _JOINS.get(style, ','))}"]
    if isinstance(value, dict):
        return [f"{_quoted(key)}={_quoted(wire_text(part))}" for key, part in value.items()]
    return [f"{_quoted(name)}={_quoted(wire_text(part))}" for part in (value if isinstance(value, list) else [value])]


def _deep(name: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [pair for key, part in value.items() for pair in _deep(f"{name}%5B{_quoted(key)}%5D", part)]
    return [f"{name}={_quoted(wire_text(part))}" for part in (value if isinstance(value, list) else [value])]


def _form_pairs(name: str, value: Any) -> list[str]:
    """A list comes once an item, an object as JSON: what OpenAPI says where nothing else is said."""
    parts = value if isinstance(value, list) else [value]
    return [f"{_quoted(name)}={_quoted(wire_text(part))}" for part in parts]


def _simple(value: Any, explode: bool, join: str = ",") -> str:
    if isinstance(value, list):
        return join.join(_quoted(wire_text(part)) for part in value)
    if isinstance(value, dict):
        between = "=" if explode else join
        return join.join(f"{_quoted(key)}{between}{_quoted(wire_text(part))}" for key, part in value.items())
    return _quoted(wire_text(value))


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
