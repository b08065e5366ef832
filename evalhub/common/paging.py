"""Keyset paging by (created_at, id), newest first: pages of rows, and cursors as opaque texts. A leaf for selectors and API modules."""

import base64
import uuid
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from evalhub.common.problems import invalid

Keyset = tuple[datetime, uuid.UUID]
Rows = TypeVar("Rows", bound="QuerySet[Any, Any]")
Row = TypeVar("Row")


def rows_after(rows: Rows, place: Keyset | None) -> Rows:
    """Those that come after a place in the list; all of them for None."""
    if place is None:
        return rows
    created_at, key = place
    # The first condition is implied by the second; it is there for the index, which cannot use an OR.
    return rows.filter(created_at__lte=created_at).filter(Q(created_at__lt=created_at) | Q(id__lt=key))


def first_rows(rows: "QuerySet[Any, Row]", size: int) -> tuple[list[Row], bool]:
    """The first rows, and whether more follow. One query."""
    found = list(rows[: size + 1])
    return found[:size], len(found) > size


def write_cursor(created_at: datetime, key: uuid.UUID) -> str:
    """The place after this row."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()}|{key.hex}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Keyset | None:
    """The place a cursor stands for, None for "". Raises a 422 Problem for anything that `write_cursor` never wrote."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        moment, _, key = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition("|")
        created_at = datetime.fromisoformat(moment)
        if created_at.tzinfo is None:
            raise ValueError("a time without a zone")
        # Into UTC here, not in the query: year 1 in an eastern zone is before all time and overflows.
        return created_at.astimezone(UTC), uuid.UUID(key)
    except (ValueError, OverflowError):
        message = "This cursor is none of ours: send `next_cursor` of the page before, unchanged."
        raise invalid("query.cursor", message, value=cursor) from None
