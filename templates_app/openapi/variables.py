"""Variables of an environment profile in a request: written {{NAME}} by a model, filled in just before it is sent."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from templates_app.openapi.answer import WrittenRequest

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]{0,99})\s*\}\}")


def named_in(request: WrittenRequest) -> list[str]:
    """The variables that a request names, each once, in order."""
    parts = [request.path, request.query, request.headers, request.cookies, request.body]
    return list(dict.fromkeys(name for text in _texts(parts) for name in _VARIABLE.findall(text)))


def filled(request: WrittenRequest, variables: Mapping[str, str]) -> WrittenRequest:
    """The request with values instead of names. A variable that is not known stays as it is."""
    return replace(
        request,
        path=_VARIABLE.sub(lambda match: quote(variables[match[1]], safe="") if match[1] in variables else match[0], request.path),
        query=_filled(request.query, variables),
        headers=_filled(request.headers, variables),
        cookies=_filled(request.cookies, variables),
        body=_filled(request.body, variables),
    )


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {key: _filled(part, variables) for key, part in value.items()}
    return [_filled(part, variables) for part in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
