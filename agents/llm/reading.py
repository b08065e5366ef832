"""Reading foreign JSON without trusting its shape. Used by the wires."""

from collections.abc import Sequence
from typing import Any

MOST_TOKENS = 2**31 - 1  # what a database column holds; no request is near it


def dig(data: Any, *path: str | int) -> Any:
    """The value at `path`, or None where anything on the way is missing or of another type."""
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and -len(data) <= step < len(data):
            data = data[step]
        else:
            return None
    return data


def token_count(value: Any) -> int | None:
    """A count of tokens as a server gave it; anything but a whole number from 0 on is "not said"."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != value or value > MOST_TOKENS:
        return None
    return int(value)


def added(*counts: int | None) -> int | None:
    """The sum of what was said; None when nothing was."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def text_of(content: Any) -> str:
    """A message's content as text: a string, or a list of parts of which the text ones count."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part if isinstance(part, str) else dig(part, "text") for part in content]
    return "".join(part for part in parts if isinstance(part, str))


def keys_of(data: Any) -> str:
    """What there is at some place, for an error message."""
    if isinstance(data, dict):
        shown: Sequence[str] = [str(key)[:40] for key in list(data)[:12]]
        return f"an object with the keys {', '.join(shown)}" if shown else "an empty object"
    if isinstance(data, list):
        return f"a list of {len(data)}"
    return "null" if data is None else f"a {type(data).__name__}"
