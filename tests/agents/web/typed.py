"""What a browser sends for the form of an agent."""

from typing import Any


def typed(**given: Any) -> dict[str, Any]:
    """A character of a few words, as it is sent, and what is given besides."""
    return {"name": "Mara", "kind": "character", "is_active": "on", "timeout_seconds": "120", "bio": "Plans meals."} | given


def endpoint(address: str, **given: Any) -> dict[str, Any]:
    return typed(kind="webhook", endpoint_url=address, bio="", **given)
