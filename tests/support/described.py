"""Whether an answer is one that the API's document describes: its status, its type, its headers and every key of its body."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any

from evalhub.openapi.document import document, response_of

Schema = dict[str, Any]


def check_described(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Compare an answer with the document. A path that the document does not have must be answered with a problem."""
    operation = operation_of(method, path)
    if operation is None:
        assert status >= 400, f"{method} {path} answered {status}, and the document does not have it"
        return
    described = operation["responses"].get(str(status))
    assert described, f"{method} {path} answered {status}, and the document has only {', '.join(operation['responses'])}"
    described = response_of(described)
    content = described["content"].get(headers["Content-Type"])
    assert content, f"{method} {path} answered {headers['Content-Type']}, and the document has {', '.join(described['content'])}"
    required = [name for name, about in described.get("headers", {}).items() if about.get("required")]
    assert all(name in headers for name in required), f"{method} {path} lacks one of {', '.join(required)}"
    if method != "HEAD":
        check_shape(content["schema"], json.loads(body))


def check_shape(schema: Schema, value: Any) -> None:
    """Compare JSON with a schema of the document, where a validator is at hand (the test extra has one)."""
    if find_spec("jsonschema") is None:
        return
    import jsonschema

    jsonschema.Draft202012Validator({**schema, "components": document()["components"]}).validate(value)


def operation_of(method: str, path: str) -> Schema | None:
    """The operation of the document that a path belongs to; the most particular path wins. HEAD is as GET."""
    method = "get" if method == "HEAD" else method.lower()
    for template, pattern in _patterns():
        if pattern.fullmatch(path):
            found: Schema | None = document()["paths"][template].get(method)
            return found
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    templates = sorted(document()["paths"], key=lambda path: ("{" in path, -len(path)))
    return [(each, re.compile(re.sub(r"\\\{\w+\\\}", "(?s:.+)", re.escape(each)))) for each in templates]
