"""The parameters and credentials of an operation, read from its document."""

from collections.abc import Iterable
from typing import Any, cast

from templates_app.openapi import media
from templates_app.openapi.document import Document, Unresolved
from templates_app.openapi.schemas import SchemaReader
from templates_app.openapi.snapshot import Credential, Parameter

STYLES = {
    "path": ("simple",),
    "query": ("form", "deepObject", "spaceDelimited", "pipeDelimited"),
    "header": ("simple",),
    "cookie": ("form",),
}
_SAID_ELSEWHERE = {"accept", "content-type", "authorization"}  # as the standard has it: by content types and security
_PREFIXES = {"basic": "Basic ", "bearer": "Bearer "}


class NotSupported(ValueError):
    """Why an operation is not taken; the message is a sentence."""


def read_parameter(document: Document, given: Any, reader: SchemaReader) -> Parameter | None:
    """One parameter; None for a header that is said elsewhere. Raises NotSupported."""
    try:
        found = document.resolved(given)
    except Unresolved as error:
        raise NotSupported(f"A parameter cannot be read: {error}.") from None
    if not isinstance(found, dict) or not isinstance(found.get("name"), str) or not found["name"] or found.get("in") not in STYLES:
        raise NotSupported("A parameter has no name, or is in none of path, query, header and cookie.")
    name, where = found["name"], found["in"]
    if where == "header" and name.lower() in _SAID_ELSEWHERE:
        return None
    style = found.get("style", STYLES[where][0])
    if style not in STYLES[where]:
        raise NotSupported(f"The {where} parameter {name!r} has the style {style!r}; {', '.join(STYLES[where])} can be written.")
    content_type, schema = _typed(found, name)
    return {
        "in": where,
        "name": name,
        "required": found.get("required") is True or where == "path",
        "description": text_of(found, "description"),
        "deprecated": found.get("deprecated") is True,
        "schema": reader.read(schema),
        "style": style,
        "explode": found["explode"] if isinstance(found.get("explode"), bool) else style in ("form", "deepObject"),
        "content_type": content_type,
    }


def _typed(found: dict[str, Any], name: str) -> tuple[str, Any]:
    """The content type, if its value is a text of one, and the schema."""
    content = found.get("content")
    if not isinstance(content, dict) or not content:
        return "", found.get("schema", True)
    content_type, described = next(iter(content.items()))
    if media.kind(content_type) != media.JSON:
        raise NotSupported(f"The parameter {name!r} is written as {content_type}; JSON can be.")
    return "application/json", described.get("schema", True) if isinstance(described, dict) else True


def undeclared(names: Iterable[str]) -> list[Parameter]:
    """Parameters that the path has and the document says nothing of: any text will do."""
    return [
        cast(
            Parameter,
            {"in": "path", "name": name, "required": True, "description": "", "deprecated": False, "schema": {"type": "string"}}
            | {"style": "simple", "explode": False, "content_type": ""},
        )
        for name in names
    ]


def read_security(document: Document, required: Any, notes: list[str]) -> list[list[Credential]]:
    """The alternatives of an operation. A scheme that is not there is left out, with a note."""
    if not isinstance(required, list):
        return []
    found: list[list[Credential]] = []
    for alternative in required:
        if isinstance(alternative, dict):
            found.append([credential for name in alternative if (credential := _credential(document, name, notes))])
    return found


def _credential(document: Document, name: str, notes: list[str]) -> Credential | None:
    try:
        scheme = document.resolved(document.at("#/components/securitySchemes")[name])
        return _read_scheme(name, scheme)
    except (Unresolved, KeyError, TypeError):
        notes.append(f"the security scheme {name[:80]!r} is not described, so its credentials are not checked")
        return None


def _read_scheme(name: str, scheme: dict[str, Any]) -> Credential:
    if scheme["type"] == "apiKey":
        return {"scheme": name, "in": str(scheme["in"]), "name": str(scheme["name"]), "prefix": ""}
    if scheme["type"] == "http":
        return {"scheme": name, "in": "header", "name": "Authorization", "prefix": _PREFIXES.get(str(scheme["scheme"]).lower(), "")}
    if scheme["type"] in ("oauth2", "openIdConnect"):
        return {"scheme": name, "in": "header", "name": "Authorization", "prefix": "Bearer "}
    return {"scheme": name, "in": "", "name": "", "prefix": ""}


def text_of(found: dict[str, Any], key: str) -> str:
    """A text of the document, or "" for what is none."""
    value = found.get(key)
    return value.strip() if isinstance(value, str) else ""
