"""A persona as the object that a run is given, and as the text of a file: JSON, or YAML that says the same.

Plain functions. What a file may hold is what the API's `user_persona` takes.
"""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from templates_app.models import Persona
from templates_app.yamltext import FAILURES, PlainLoader, sayable

KEYS = ("name", "description", "style", "goal", "facts", "behaviours", "patience")
TEXTS = {"name": 200, "description": 20_000, "style": 20_000, "goal": 20_000}
LISTS = ("facts", "behaviours")
MOST_ITEMS, LONGEST_ITEM = 100, 2000
MOST_PATIENCE = 500
MOST_PERSONAS = 200
LARGEST_FILE = 1024 * 1024


class Unreadable(ValueError):
    """A file that is no persona; the message says where and why."""

    def __init__(self, message: str) -> None:
        super().__init__(sayable(message))


def persona_content(persona: Persona) -> dict[str, Any]:
    """{name, description, style, goal, facts, behaviours, patience} without what is empty."""
    told = {key: getattr(persona, key) for key in KEYS}
    return {key: value for key, value in told.items() if value not in ("", None, [])}


def persona_text(persona: Persona, kind: str) -> str:
    """The file of a persona: `kind` is json or yaml."""
    content = persona_content(persona)
    if kind == "json":
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def personas_in(text: str) -> list[dict[str, Any]]:
    """The personas of a file: one, or a list of them, in JSON or YAML. Raises Unreadable."""
    data = _parsed(text)
    items = data if isinstance(data, list) else [data]
    if not items or len(items) > MOST_PERSONAS:
        raise Unreadable(f"A file has 1 to {MOST_PERSONAS} personas; this one has {len(items)}.")
    return [_checked(item, f"persona {number}: " if len(items) > 1 else "") for number, item in enumerate(items, start=1)]


class _Loader(PlainLoader):
    """Without aliases, by which a small file grows without bound."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise Unreadable("YAML aliases (*name) are not read here: write the text out.")
        return super().compose_node(parent, index)


def _parsed(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader; JSON is YAML too
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise Unreadable(f"{where}{error.problem or 'this is neither JSON nor YAML'}.") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(f"This is neither JSON nor YAML: {str(error)[:200]}") from None
    except FAILURES as error:
        raise Unreadable(f"A value cannot be read: {str(error)[:200]}. Put it in quotes.") from None


def _checked(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise Unreadable(f"{where}a persona is an object with at least a name, not {_kind(item)}.")
    if unknown := [str(key)[:40] for key in item if key not in KEYS]:
        raise Unreadable(f"{where}{unknown[0]} is not known; a persona has {', '.join(KEYS)}.")
    texts = {key: _text(item.get(key), f"{where}{key}", most) for key, most in TEXTS.items()}
    if not texts["name"]:
        raise Unreadable(f"{where}name: a persona needs one.")
    return {**texts, **{key: _items(item.get(key), f"{where}{key}") for key in LISTS}, "patience": _patience(item.get("patience"), where)}


def _text(value: Any, where: str, most: int) -> str:
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{where} must be a text, not {_kind(value)}.")
    text = (value or "").strip()
    if len(text) > most:
        raise Unreadable(f"{where} has {len(text):,} characters; at most {most:,} are kept.")
    if "\x00" in text:
        raise Unreadable(f"{where} has a null character in it.")
    if sayable(text) != text:
        raise Unreadable(f"{where} has half of a surrogate pair in it, which cannot be stored.")
    return text


def _items(value: Any, where: str) -> list[str]:
    if value is not None and not isinstance(value, list):
        raise Unreadable(f"{where} must be a list of texts, not {_kind(value)}.")
    items = [_text(item, f"{where}[{number}]", LONGEST_ITEM) for number, item in enumerate(value or [])]
    if len(items) > MOST_ITEMS:
        raise Unreadable(f"{where} has {len(items)} items; at most {MOST_ITEMS} are kept.")
    return [item for item in items if item]


def _patience(value: Any, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_PATIENCE:
        raise Unreadable(f"{where}patience must be a whole number from 1 to {MOST_PATIENCE}, or left out.")
    return value


def _kind(value: Any) -> str:
    words = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return "nothing" if value is None else words.get(type(value), type(value).__name__)
