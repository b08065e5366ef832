"""Numbers of places in addresses."""

from django.http import QueryDict

MOST = 10**9


def number(query: QueryDict, name: str, *, missing: int = 0) -> int:
    """A place that an address names; `missing` for none, or for one that cannot be."""
    text = query.get(name, "")
    return min(int(text), MOST) if text.isascii() and text.isdecimal() and len(text) < 12 else missing
