"""The operations of a document as self-contained snapshots, and a report of all that was not taken, with reasons."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict

from templates_app.openapi import media
from templates_app.openapi.costs import compiling_cost
from templates_app.openapi.document import Document, Unresolved
from templates_app.openapi.parameters import NotSupported, read_parameter, read_security, text_of, undeclared
from templates_app.openapi.schemas import MOST_COMPILED, TOO_LARGE_PATTERNS, SchemaReader, Shelf
from templates_app.openapi.servers import server_addresses
from templates_app.openapi.snapshot import VINTAGE, Answer, Body, Operation, Parameter, Schema
from templates_app.openapi.validation import SchemaInvalid

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
MOST_OPERATIONS = 3000
LARGEST_SNAPSHOT = 256 * 1024  # characters of JSON
LARGEST_TOGETHER = 64 * 1024 * 1024  # of all snapshots: each has its schemas, so a small document may come to a thousand times its size
LONGEST_PATH = 500
_BESIDE_METHODS = {"summary", "description", "servers", "parameters", "$ref"}
_TEMPLATE_NAME = re.compile(r"\{([^{}/]+)\}")
_STATUS = re.compile(r"[1-5][0-9]{2}|[1-5]XX|default")


class Remark(TypedDict):
    """`place` as people name it (GET /items), `reason` a sentence."""

    place: str
    reason: str


@dataclass
class Imported:
    """`skipped` is what was not taken at all; `notes` is what was taken with something missing. `servers` are addresses, often relative."""

    title: str
    version: str
    servers: list[str]
    operations: list[Operation] = field(default_factory=list)
    skipped: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    size: int = 0  # characters of JSON of all operations

    def skip(self, place: str, reason: str) -> None:
        self.skipped.append({"place": place[:200], "reason": reason})

    def note(self, place: str, half: str) -> None:
        """`half` begins in small letters: several things become one sentence each."""
        self.notes.append({"place": place[:200], "reason": f"{half[:1].upper()}{half[1:]}."})


@dataclass(frozen=True)
class _Found:
    """An operation as the document has it: `item` is its path's object, with what is said for all methods, `given` its own."""

    method: str
    path: str
    item: dict[str, Any]
    given: Any

    @property
    def place(self) -> str:
        return f"{self.method} {self.path}"


def import_operations(document: Document) -> Imported:
    """All operations of a document, in its order."""
    info = document.info
    imported = Imported(text_of(info, "title")[:200], str(info.get("version", ""))[:80], server_addresses(document.data))
    seen: dict[tuple[str, str], str] = {}
    shelf = Shelf(document)
    for path, item in _paths(document, imported):
        for method in METHODS:
            if method in item:
                _import_one(shelf, imported, seen, _Found(method.upper(), path, item, item[method]))
        for key in sorted(item.keys() - set(METHODS) - _BESIDE_METHODS):
            if not key.startswith("x-"):
                imported.skip(f"{key[:20].upper()} {path}", f"{key[:20]!r} is no method that requests are made with.")
    for name in sorted(_object(document.data, "webhooks")):
        imported.skip(f"webhook {name}", "A webhook is sent by the API, so no request is written for it.")
    return imported


def _paths(document: Document, imported: Imported) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, given in _object(document.data, "paths").items():
        if path.startswith("x-"):
            continue
        try:
            item = document.resolved(given)
        except Unresolved as error:
            imported.skip(path, f"The path cannot be read: {error}.")
            continue
        if not path.startswith("/") or len(path) > LONGEST_PATH:
            imported.skip(path, f"A path begins with a slash and has at most {LONGEST_PATH} characters.")
        elif not isinstance(item, dict):
            imported.skip(path, "A path must be an object of methods.")
        else:
            beside = {key: value for key, value in given.items() if key != "$ref"} if isinstance(given, dict) else {}
            yield path, {**item, **beside}


def _import_one(shelf: Shelf, imported: Imported, seen: dict[tuple[str, str], str], found: _Found) -> None:
    """`seen` has the paths that were taken, by method and by the path without its names."""
    place = found.place
    same = seen.setdefault((found.method, _TEMPLATE_NAME.sub("{}", found.path.rstrip("/"))), found.path)
    if same != found.path:
        imported.skip(place, f"It is the same operation as {found.method} {same}, which was taken.")
    elif len(imported.operations) >= MOST_OPERATIONS:
        imported.skip(place, f"At most {MOST_OPERATIONS:,} operations are taken from one document.")
    elif imported.size > LARGEST_TOGETHER:
        imported.skip(
            place, f"The operations before it, each with its schemas, have {LARGEST_TOGETHER:,} characters together: the most kept."
        )
    elif not isinstance(found.given, dict):
        imported.skip(place, "An operation must be an object.")
    else:
        try:
            imported.operations.append(_operation(shelf, imported, found))
        except NotSupported as error:
            imported.skip(place, str(error))


def _operation(shelf: Shelf, imported: Imported, found: _Found) -> Operation:
    """Its snapshot; what is missing in it goes into the notes of the import. Raises NotSupported."""
    notes: list[str] = []
    operation = _snapshot(shelf, imported, found, notes)
    if left_out := operation["left_out"]:
        notes.append(f"{len(left_out)} of its schemas are too far away, so what refers to them is not checked: {left_out[0]} first")
    if found.given.get("callbacks"):
        notes.append("its callbacks are sent by the API, so they are not taken")
    imported.size += _check(shelf, operation)
    for note in notes:
        imported.note(found.place, note)
    return operation


def _snapshot(shelf: Shelf, imported: Imported, found: _Found, notes: list[str]) -> Operation:
    document, reader, item, given = shelf.document, SchemaReader(shelf), found.item, found.given
    parameters = _parameters(reader, found, notes)
    body = _body(document, reader, given, notes)
    responses = _responses(document, reader, given, notes)
    security = read_security(document, given.get("security", document.data.get("security")), notes)
    definitions, left_out = _definitions(reader)
    notes += reader.notes
    return {
        "vintage": VINTAGE,
        "method": found.method,
        "path": found.path,
        "operation_id": text_of(given, "operationId")[:200],
        "summary": (text_of(given, "summary") or text_of(item, "summary"))[:500],
        "description": text_of(given, "description") or text_of(item, "description"),
        "category": next((tag[:120] for tag in _list(given, "tags") if isinstance(tag, str)), ""),
        "deprecated": given.get("deprecated") is True,
        "servers": server_addresses(given) or server_addresses(item) or imported.servers,
        "parameters": parameters,
        "body": body,
        "responses": responses,
        "security": security,
        "definitions": definitions,
        "left_out": left_out,
    }


def _definitions(reader: SchemaReader) -> tuple[dict[str, Schema], list[str]]:
    try:
        return reader.definitions()
    except SchemaInvalid as error:
        raise NotSupported(f"One of its schemas is not valid: {error}.") from None


def _check(shelf: Shelf, found: Operation) -> int:
    """Its size. Raises NotSupported for schemas that are none, and for what is too large to be copied to each of its runs."""
    contents = [*([found["body"]["content"]] if found["body"] else []), *(answer["content"] for answer in found["responses"].values())]
    try:
        shelf.check(
            [*(each["schema"] for each in found["parameters"]), *(schema for content in contents for schema in content.values())],
            dict.fromkeys(found["definitions"], True),  # they were looked at when they were read
        )
        if compiling_cost(found["definitions"]) > MOST_COMPILED:
            raise SchemaInvalid(TOO_LARGE_PATTERNS)
    except SchemaInvalid as error:
        raise NotSupported(f"One of its schemas is not valid: {error}.") from None
    if (size := len(json.dumps(found))) > LARGEST_SNAPSHOT:
        raise NotSupported(f"It has {size:,} characters; at most {LARGEST_SNAPSHOT:,} are kept of one operation.")
    return size


def _parameters(reader: SchemaReader, found: _Found, notes: list[str]) -> list[Parameter]:
    """Those of the path, overridden by those of the operation, by place and name."""
    known: dict[tuple[str, str], Parameter] = {}
    for each in [*_list(found.item, "parameters"), *_list(found.given, "parameters")]:
        if parameter := read_parameter(reader.shelf.document, each, reader):
            known[parameter["in"], parameter["name"]] = parameter
    in_path = list(dict.fromkeys(_TEMPLATE_NAME.findall(found.path)))
    for where, name in list(known):
        if where == "path" and name not in in_path:
            notes.append(f"its path has no place for the parameter {name[:80]!r}, which is left out")
            del known[where, name]
    missing = [name for name in in_path if ("path", name) not in known]
    if missing:
        notes.append(f"its path has parameters that are not described, so any text will do: {', '.join(missing)[:200]}")
    return [*undeclared(missing), *known.values()]


def _body(document: Document, reader: SchemaReader, given: dict[str, Any], notes: list[str]) -> Body | None:
    if "requestBody" not in given:
        return None
    try:
        found = document.resolved(given["requestBody"])
    except Unresolved as error:
        raise NotSupported(f"Its body cannot be read: {error}.") from None
    content = _object(found, "content")
    usable = sorted((name for name in content if media.kind(name)), key=lambda name: media.kind(name) != media.JSON)
    unusable = [name[:80] for name in content if not media.kind(name)]
    required = isinstance(found, dict) and found.get("required") is True
    if unusable and not usable and required:
        raise NotSupported(f"Its body is {', '.join(unusable)}; JSON, forms (urlencoded) and text can be written.")
    if unusable:
        notes.append(f"its body cannot be written as {', '.join(unusable)}")
    if not usable:
        return None
    schemas = {name: reader.read(_object(content, name).get("schema", True)) for name in usable}
    return {"required": required, "description": text_of(found, "description"), "content": schemas}


def _responses(document: Document, reader: SchemaReader, given: dict[str, Any], notes: list[str]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for status, response in _object(given, "responses").items():
        if status.startswith("x-"):
            continue
        try:
            described = document.resolved(response)
        except Unresolved as error:
            notes.append(f"its response {status[:20]} cannot be read: {error}")
            continue
        if not _STATUS.fullmatch(status) or not isinstance(described, dict):
            notes.append(f"its response {status[:20]!r} is no status, range (2XX) or default with a description")
            continue
        found[status] = {"description": text_of(described, "description"), "content": _answers(reader, described)}
    return found


def _answers(reader: SchemaReader, described: dict[str, Any]) -> dict[str, Any]:
    """A schema for each content type; True, so that anything will do, for those that are not checked."""
    content = _object(described, "content")
    return {name: reader.read(_object(content, name).get("schema", True)) if media.kind(name) else True for name in content}


def _object(value: Any, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _list(value: dict[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    return found if isinstance(found, list) else []
