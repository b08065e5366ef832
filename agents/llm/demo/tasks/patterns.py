"""A text for a simple pattern, such as ^[A-Z]{3}-\\d{4}$. The pattern is read, never run: it comes from a document of anybody's."""

import re

LONGEST = 200

_PART = re.compile(
    r"(?:\[(?P<set>[^\[\]\\^][^\[\]\\]*|(?:\\[dws]|[^\[\]\\^])+)\]|\\(?P<escaped>.)|(?P<plain>[^\\\[\](){}.*+?|^$])|(?P<any>\.))"
    r"(?P<times>\{\d{1,3}(?:,\d{0,3})?\}|[*+?])?"
)
_CLASSES = {"d": "7", "w": "a", "s": " "}


def text_for(pattern: str) -> str | None:
    """None for what is not simple: groups, alternatives, look-arounds and sets that exclude."""
    inner = pattern.removeprefix("^").removesuffix("$")
    text, position = "", 0
    while position < len(inner):
        part = _PART.match(inner, position)
        if part is None or len(text) > LONGEST:
            return None
        character = _character(part)
        if character is None:
            return None
        text += character * _times(part.group("times"))
        position = part.end()
    return text[:LONGEST]


def _character(part: re.Match[str]) -> str | None:
    if part.group("any"):
        return "a"
    if escaped := part.group("escaped"):
        return _CLASSES.get(escaped, None if escaped.isalnum() else escaped)
    if (members := part.group("set")) is None:
        return part.group("plain")
    return _CLASSES.get(members[1], members[1]) if members.startswith("\\") else members[0]


def _times(told: str | None) -> int:
    """The fewest, but one where that is allowed."""
    if told is None or told in "*+?":
        return 1
    return int(told[1:-1].partition(",")[0]) or (1 if "," in told else 0)
