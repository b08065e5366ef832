"""The operations of a REST API from its document: a first import, and every later one, which keeps the ids of what is still there."""

import uuid
from typing import Any, TypedDict
from urllib.parse import urljoin, urlsplit

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.common.outbound import FetchFailed, fetch_blocking
from evalhub.common.outbound_policy import outbound_policy
from templates_app.models import ApiOperation, ApiSource, SourceType
from templates_app.openapi.document import Document, read_document
from templates_app.openapi.operations import Imported, Remark, import_operations
from templates_app.openapi.reading import LARGEST, Unreadable
from templates_app.openapi.snapshot import Operation
from templates_app.sources.definitions import definitions_complete

MOST_REMARKS = 500
CHUNK = 200
ACCEPT = "application/vnd.oai.openapi+json, application/json, application/yaml;q=0.9, */*;q=0.5"
Key = tuple[str, str]


class Report(TypedDict):
    """What an import did. Of `skipped` and `notes` the first MOST_REMARKS are kept; the counts are of all."""

    title: str
    version: str
    imported: int
    added: int
    changed: int
    removed: int
    skipped: list[Remark]
    skipped_count: int
    notes: list[Remark]
    notes_count: int


class ImportRefused(Exception):
    """There is no document, or it is none; the message is a sentence for whoever asked for it. Nothing was changed."""


def document_fetch(url: str) -> str:
    """The text at an address that a member typed. Raises ImportRefused. Waits for the network: not within a transaction."""
    try:
        found = fetch_blocking(url, outbound_policy(), max_bytes=LARGEST, accept=ACCEPT)
        return found.body.decode("utf-8-sig")
    except FetchFailed as error:
        raise ImportRefused(error.message) from None
    except UnicodeDecodeError as error:
        raise ImportRefused(f"The document is no UTF-8 text: byte {error.start} cannot be read.") from None


def document_read(text: str) -> Document:
    """The document of a text. Raises ImportRefused."""
    try:
        return read_document(text)
    except Unreadable as error:
        raise ImportRefused(str(error)) from None


def source_import(*, project: Project, source_id: uuid.UUID, text: str, url: str = "") -> Report:
    """Take the operations of a document into a source. Those it no longer has become inactive. Raises ImportRefused and ValidationError.

    A large document is read for seconds, so that is done before the transaction, in which nobody else could write to SQLite.
    """
    imported = import_operations(document_read(text))
    if not imported.operations:
        raise ImportRefused(_nothing(imported))
    return _stored(project, source_id, imported, text, url)


@transaction.atomic
def _stored(project: Project, source_id: uuid.UUID, imported: Imported, text: str, url: str) -> Report:
    source = ApiSource.objects.select_for_update().get(project=project, pk=source_id)
    if source.source_type != SourceType.REST_API:
        raise ValidationError("Only a REST API has a document; operations of libraries and tools are entered by hand.")
    added, changed, removed = _operations_replace(source, imported.operations)
    report = _report(imported, added, changed, removed)
    source.document, source.document_url = text, url
    source.imported_at, source.import_report = timezone.now(), report
    source.api_base_url = source.api_base_url or _base_url(imported.servers, url)
    source.save()
    definitions_complete(source=source)
    return report


def _nothing(imported: Imported) -> str:
    if not imported.skipped:
        return "The document has no operations."
    first = imported.skipped[0]
    return f"None of its {len(imported.skipped)} operations can be taken. {first['place']}: {first['reason']}"


def _operations_replace(source: ApiSource, given: list[Operation]) -> tuple[int, int, int]:
    """How many are new, changed and gone. An operation is the same one as long as its method and path are."""
    known: dict[Key, ApiOperation] = {(each.method, each.path): each for each in source.operations.all()}
    made, changed = [], []
    for position, operation in enumerate(given):
        row = known.pop((operation["method"], operation["path"]), None)
        columns = _columns(operation, position)
        if row is None:
            made.append(ApiOperation(source=source, method=operation["method"], path=operation["path"], **columns))
        elif any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            row.updated_at = timezone.now()
            changed.append(row)
    gone = [row.pk for row in known.values() if row.is_active]
    ApiOperation.objects.bulk_create(made, batch_size=CHUNK)
    ApiOperation.objects.bulk_update(changed, [*_columns(given[0], 0), "updated_at"], batch_size=CHUNK)
    for begin in range(0, len(gone), CHUNK):
        ApiOperation.objects.filter(pk__in=gone[begin : begin + CHUNK]).update(is_active=False, updated_at=timezone.now())
    return len(made), len(changed), len(gone)


def _columns(operation: Operation, position: int) -> dict[str, Any]:
    return {
        "operation_key": operation["operation_id"],
        "summary": operation["summary"],
        "description": operation["description"],
        "category": operation["category"],
        "snapshot": operation,
        "position": position,
        "is_active": True,
    }


def _report(imported: Imported, added: int, changed: int, removed: int) -> Report:
    return {
        "title": imported.title,
        "version": imported.version,
        "imported": len(imported.operations),
        "added": added,
        "changed": changed,
        "removed": removed,
        "skipped": imported.skipped[:MOST_REMARKS],
        "skipped_count": len(imported.skipped),
        "notes": imported.notes[:MOST_REMARKS],
        "notes_count": len(imported.notes),
    }


def _base_url(servers: list[str], url: str) -> str:
    """The first server whose address is whole, or becomes so beside the document's own."""
    for server in servers or (["/"] if url else []):
        try:
            address = urljoin(url, server)
            if urlsplit(address).scheme in ("http", "https") and urlsplit(address).hostname and len(address) <= 500:
                return address.rstrip("/")
        except ValueError:
            continue
    return ""
