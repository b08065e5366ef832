"""The path of a request against the template of its operation: /v1/items/5 fits /items/{id} of a server whose address ends in /v1."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote

from templates_app.openapi.coercing import by_name

_NAMED = re.compile(r"\{([^{}/]+)\}")
_NAMED_WHOLE = re.compile(r"\{[^{}/]+\}")
MOST_PAIRS = 200


class WrongPath(ValueError):
    """Why a path is not that of the operation; the message is a sentence."""


def take_query(path: str) -> tuple[str, dict[str, str | list[str]]]:
    """A path without its query and fragment, and the query: a list where a name comes more than once. Raises WrongPath."""
    path, _, query = path.split("#", 1)[0].partition("?")
    try:
        return path, by_name(parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PAIRS))
    except ValueError:
        raise WrongPath(f"The query in the path has more than {MOST_PAIRS} parts.") from None


def match(path: str, template: str, bases: Sequence[str]) -> dict[str, str]:
    """The values of the template's parameters, decoded. `bases` are what the path may begin with, the longest first. Raises WrongPath."""
    _refuse_addresses(path)
    path = path if path.startswith("/") else f"/{path}"
    for base in bases:
        rest = path[len(base) :]
        if path.startswith(base) and (rest.startswith("/") or not rest):
            texts = _texts(rest.rstrip("/"), _NAMED_WHOLE.split(template.rstrip("/")))
            if texts is not None:
                return _values(_NAMED.findall(template), texts)
    raise WrongPath(f"The path is not {template}.")


def _refuse_addresses(path: str) -> None:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", path):
        raise WrongPath("A path is asked for, not an address with a scheme.")
    if re.match(r"[/\\]{2}|\\", path):
        raise WrongPath("A path begins with one slash; with two it would name a host.")


def _texts(path: str, literals: Sequence[str]) -> list[str] | None:
    """What stands between the literal parts of a template, each as short as it can be; None when they are not there in this order.

    One look from left to right: a pattern of the library would go back and forth over a long path for hours.
    """
    first, *rest = literals
    if not path.startswith(first):
        return None
    found, position = [], len(first)
    for number, literal in enumerate(rest, start=1):
        end = len(path) - len(literal) if number == len(rest) else path.find(literal, position + 1)
        if end <= position or not path.startswith(literal, end) or "/" in path[position:end]:
            return None
        found.append(path[position:end])
        position = end + len(literal)
    return found if position == len(path) else None


def _values(names: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in zip(names, texts, strict=True):
        value = unquote(text, errors="replace")
        if value == f"{{{name}}}":
            raise WrongPath(f"The path still has {{{name}}} where a value belongs.")
        if found.setdefault(name, value) != value:
            raise WrongPath(f"The path has two values for {name}.")
    return found
