"""How ids and moments are written here, and how ids are read: those of rows are UUIDs as text, those of batches have a prefix."""

import uuid
from datetime import datetime

from evalhub.common.problems import Problem


def when(moment: datetime | None) -> str | None:
    """ISO 8601 with an offset."""
    return moment.isoformat() if moment else None


def key_or_404(text: str, what: str) -> uuid.UUID:
    """The key that a path names. Raises a 404 Problem for what can be no row's id: `what` is such as "Prompt"."""
    try:
        return uuid.UUID(text)
    except ValueError:
        raise missing(what) from None


def missing(what: str) -> Problem:
    """The same sentence for what is not there and what is another project's."""
    return Problem(404, f"{what} not found")
