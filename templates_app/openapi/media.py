"""Content types: which of them are JSON, a form or plain text, the three kinds that can be written and checked."""

from collections.abc import Iterable

JSON, FORM, TEXT = "json", "form", "text"


def bare(content_type: str) -> str:
    """`Application/JSON; charset=utf-8` -> `application/json`"""
    return content_type.split(";", 1)[0].strip().lower()


def kind(content_type: str) -> str:
    """JSON, FORM or TEXT; "" for what is none of them, such as multipart or XML."""
    name = bare(content_type)
    if name in ("application/json", "text/json", "*/*", "application/*") or name.endswith("+json"):
        return JSON
    if name == "application/x-www-form-urlencoded":
        return FORM
    return TEXT if name.startswith("text/") and name not in ("text/xml", "text/event-stream") else ""


def best_match(content_type: str, documented: Iterable[str]) -> str | None:
    """The documented type that a real one falls under: itself, else the narrowest range, else JSON for any other JSON."""
    name = bare(content_type)
    known = {bare(each): each for each in documented}
    for wanted in (name, f"{name.split('/')[0]}/*", "*/*"):
        if wanted in known:
            return known[wanted]
    if kind(name) == JSON:
        return next((each for each in known.values() if kind(each) == JSON), None)
    return None
