"""Foreign text made fit to show and to store: error pages shortened, characters no database takes replaced."""

import html
import re
from typing import Any

QUOTE_CHARS = 300
_INVISIBLE = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
# A lone surrogate cannot be encoded as UTF-8 and PostgreSQL refuses NUL; models produce both in JSON escapes.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def quote(text: str, limit: int = QUOTE_CHARS) -> str:
    """The words of an answer on one line, without markup, at most `limit` characters."""
    visible = _TAG.sub(" ", _INVISIBLE.sub(" ", text[:8_000]))
    words = " ".join(storable(html.unescape(visible)).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def looks_like_html(content_type: str, text: str) -> bool:
    return "html" in content_type.lower() or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def storable(text: str) -> str:
    return text if _is_storable(text) else _UNSTORABLE.sub("\ufffd", text)


def _is_storable(text: str) -> bool:
    """By the codec and not the pattern above, which takes five times as long for a text with nothing in it to replace."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def storable_data(data: Any) -> Any:
    """The same for every string inside JSON."""
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, list):
        return [storable_data(item) for item in data]
    if isinstance(data, dict):
        return {storable(key): storable_data(value) for key, value in data.items()}
    return data
