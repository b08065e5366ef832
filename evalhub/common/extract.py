"""JSON out of free text: fenced, surrounded by prose, with trailing commas or Python's constants, after a model's thinking.

Pure functions over untrusted text; the work is bounded so that a hostile answer cannot hold up the event loop.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_CHARS = 400_000
MAX_STARTS = 200
MAX_OBJECTS = 20
MAX_SCANNED = 1_000_000  # characters looked through for closing braces, all starts together: half a second of Python at worst

_THINKING_ENDS = ("</think>", "</thinking>", "</reasoning>")
# A string that nobody closes goes to the end: to look for one behind each of its marks would take for ever.
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\]|\\.)*+(?P<closing>"?)|[{}]', re.DOTALL)
_BRACE = re.compile(r"[{}]")
_STRING_OR_SLIP = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(?=\s*[}\]])|\b(True|False|None)\b|//[^\n]*', re.DOTALL)
_CONSTANTS = {"True": "true", "False": "false", "None": "null"}
_DECODER = json.JSONDecoder(strict=False)  # tolerates raw line breaks inside strings


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """Every outermost JSON object in `text`, in order. Several come when a model shows an example before its answer."""
    text = _after_thinking(text[:MAX_CHARS])
    position, found, scanned = 0, 0, 0
    for _ in range(MAX_STARTS):
        position = text.find("{", position)
        if position < 0 or found >= MAX_OBJECTS:
            return
        data, end = _strict_at(text, position)
        if data is None and scanned < MAX_SCANNED:
            closing = _balanced_end(text, position)
            scanned += (closing or len(text)) - position
            data, end = _repaired(text, position, closing)
        if data is not None:
            found += 1
            yield data
        position = end


def _after_thinking(text: str) -> str:
    """What follows the model's thinking; everything, when no object follows it."""
    ends = [found + len(tag) for tag in _THINKING_ENDS if (found := text.rfind(tag)) >= 0]
    rest = text[max(ends, default=0) :]
    return rest if "{" in rest else text


def _strict_at(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """The object that begins at `start` and where to look on: behind it, or behind its brace when it is none."""
    try:
        data, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start + 1
    return (data, end) if isinstance(data, dict) else (None, start + 1)


def _repaired(text: str, start: int, end: int | None) -> tuple[dict[str, Any] | None, int]:
    """The same for an object that is JSON but for the slips that models make."""
    if end is None:
        return None, start + 1
    try:
        data = _DECODER.decode(_STRING_OR_SLIP.sub(_without_slip, text[start:end]))
    except (ValueError, RecursionError):
        return None, start + 1
    return data, end


def _balanced_end(text: str, start: int) -> int | None:
    depth = 0
    for brace in _braces(text, start):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.end()
    return None


def _braces(text: str, start: int) -> Iterator[re.Match[str]]:
    """Those outside strings. A mark that opens a string which nobody closes is none, and there is no string behind it."""
    for match in _STRING_OR_BRACE.finditer(text, start):
        if match["closing"] is None:
            yield match
        elif not match["closing"]:
            yield from _BRACE.finditer(text, match.start())


def _without_slip(match: re.Match[str]) -> str:
    """Strings stay as they are; a trailing comma or a comment goes, a Python constant is translated."""
    return match.group(1) or _CONSTANTS.get(match.group(2) or "", "")
