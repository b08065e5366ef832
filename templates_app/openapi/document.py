"""An OpenAPI document: that it is one of a version we read, and what its local references point to. Nothing is ever fetched."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from templates_app.openapi.reading import Unreadable, read_text

MOST_HOPS = 20  # references to references


class Unresolved(ValueError):
    """A reference that leads nowhere; the message is half a sentence that says why."""


@dataclass(frozen=True)
class Document:
    """`data` is the whole document as it was read; `is_old` says OpenAPI 3.0, whose schemas are of another dialect than 3.1's."""

    data: dict[str, Any]
    is_old: bool

    @property
    def info(self) -> dict[str, Any]:
        found = self.data.get("info")
        return found if isinstance(found, dict) else {}

    def at(self, reference: str) -> Any:
        """What a local reference (`#/components/…`) points to. Raises Unresolved."""
        if not reference.startswith("#"):
            raise Unresolved(f"{reference[:200]!r} points outside the document, and nothing is fetched")
        found: Any = self.data
        for part in pointer_parts(reference):
            found = _inside(found, part, reference)
        return found

    def resolved(self, value: Any) -> Any:
        """The value itself, or what its `$ref` leads to. Raises Unresolved."""
        for _ in range(MOST_HOPS):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            value = self.at(value["$ref"])
        raise Unresolved(f"{str(value['$ref'])[:200]!r} leads to more than {MOST_HOPS} other references, or to itself")


def read_document(text: str) -> Document:
    """A document from its text. Raises Unreadable."""
    data = read_text(text)
    if not isinstance(data, dict):
        raise Unreadable("The document must be an object with openapi, info and paths.")
    is_old = _is_old(data)
    for key, kind, name in (("paths", dict, "an object"), ("components", dict, "an object"), ("servers", list, "a list")):
        if key in data and not isinstance(data[key], kind):
            raise Unreadable(f"{key}: must be {name}.")
    if "paths" not in data and (is_old or not data.get("webhooks")):
        raise Unreadable("paths: is not there, so there is no operation to take.")
    return Document(data, is_old)


def _is_old(data: dict[str, Any]) -> bool:
    if "swagger" in data:
        raise Unreadable("swagger: this is a Swagger 2.0 document; OpenAPI 3.0 and 3.1 are read. Convert it to OpenAPI 3 first.")
    version = data.get("openapi")
    if isinstance(version, float):  # 3.0 and 3.1 without quotes
        version = str(version)
    if not isinstance(version, str):
        raise Unreadable("openapi: is not there, so this is no OpenAPI document. It names the version, such as 3.1.0.")
    found = re.match(r"3\.([01])(\.|$|-)", version)
    if not found:
        raise Unreadable(f"openapi: version {version[:40]!r} is not read; 3.0 and 3.1 are.")
    return found[1] == "0"


def pointer_parts(reference: str) -> list[str]:
    """The keys of a JSON pointer in a fragment: "#/paths/~1items" -> ["paths", "/items"]. Raises Unresolved for an anchor."""
    pointer = unquote(reference[1:])
    if pointer and not pointer.startswith("/"):
        raise Unresolved(f"{reference[:200]!r} is an anchor, which is not followed")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _inside(value: Any, part: str, reference: str) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,6}", part) and int(part) < len(value):
        return value[int(part)]
    raise Unresolved(f"{reference[:200]!r} points to nothing in the document")
