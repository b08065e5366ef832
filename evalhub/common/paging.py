"""Cursors of keyset paging: (created_at, id) as an opaque text, and back. A leaf; API modules call it."""

import base64
import uuid
from datetime import UTC, datetime

from evalhub.common.problems import invalid

Keyset = tuple[datetime, uuid.UUID]


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
