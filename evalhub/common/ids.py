"""Ids as people and clients write them. Plain Python."""

import uuid


def id_or_none(text: str | None) -> uuid.UUID | None:
    """The id that a text is; None for what is no id, so that nobody asks the database for it."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
