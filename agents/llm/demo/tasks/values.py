"""A value that fits a JSON schema, as somebody would write it who has read the documentation: examples first, then plausible ones."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agents.llm.demo.tasks.patterns import text_for
from agents.llm.demo.words import pick, stems

DEEPEST = 6  # of schemas inside of each other
MOST_REFERENCES = 8  # one behind the other
MOST_ITEMS = 5
MOST_STEPS = 2000  # schemas that are read for one task: a document of anybody's may double them with every level
LONGEST = 2000  # characters that a minimum length is filled up to
LARGEST = 10**15

FORMATS = {
    "date": "2026-03-03",
    "date-time": "2026-03-03T09:00:00Z",
    "time": "09:00:00Z",
    "duration": "PT30M",
    "email": "ada@example.org",
    "idn-email": "ada@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uri-reference": "/items/1",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "byte": "aGVsbG8=",
    "regex": "^a+$",
    "json-pointer": "/items/0",
}
# By a word in the name of what is written.
TEXTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"e?mail", ("ada@example.org",)),
    (r"phone|tel", ("+32 9 000 00 00",)),
    (r"url|uri|link|website|homepage", ("https://example.org/",)),
    (r"date|day", ("2026-03-03",)),
    (r"country", ("BE", "FR", "PT")),
    (r"city|town|place", ("Ghent", "Lyon", "Porto")),
    (r"currency", ("EUR", "USD")),
    (r"lang|locale", ("en", "fr")),
    (r"colou?r", ("blue", "green")),
    (r"name|user|author|owner", ("Ada", "Bo", "Chris", "Dana")),
    (r"title|subject|label|summary", ("Lamp", "Oak table", "Blue chair")),
    (r"description|text|message|comment|note|body|content", ("A short text, written to try this out.",)),
    (r"tag|category|type|kind", ("home", "garden")),
    (r"id|key|code|slug", ("a1", "b2", "c3")),
    (r"q|query|search|term", ("lamp", "table")),
)
NUMBERS = ((r"limit|size|count|per_page", 10), (r"year", 2026), (r"age", 30), (r"price|amount|total|cost", 12), (r"quantity|qty|number", 2))
OTHER_TEXTS = ("lamp", "table", "chair", "window")
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class ValueMaker:
    """Values for one task. `known` are those that the task gives beside its text, by name; its `wish` may name more."""

    def __init__(self, wish: str, definitions: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self._wish, self._definitions = wish, definitions
        self._known = {_plain(name): value for name, value in known.items()}
        self._wished = stems(wish)
        self._steps = 0

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Any:
        """A value for what is called `name`; a short text where the schema says nothing."""
        read = self._read(schema, depth)
        if (told := self._told(read, name)) is not None:
            return told
        for key in ("const", "example", "default"):
            if read.get(key) is not None:
                return read[key]
        for several in (read.get("enum"), read.get("examples")):
            if chosen := [each for each in several if each is not None] if isinstance(several, list) else []:
                return chosen[0]
        return self._made(read, name, depth)

    def mentions(self, name: str) -> bool:
        """Whether the task speaks of it, by any of its words, or gives its value."""
        return _plain(name) in self._known or bool(stems(_spaced(name)) & self._wished)

    def _read(self, schema: Any, depth: int) -> dict[str, Any]:
        """The schema without references, `allOf` and alternatives: the first alternative that is not null."""
        self._steps += 1
        read = dict(schema) if isinstance(schema, dict) and self._steps < MOST_STEPS else {}
        for _ in range(MOST_REFERENCES):
            reference = read.pop("$ref", None)
            if not isinstance(reference, str):
                break
            target = self._definitions.get(reference.removeprefix("#/$defs/"))
            read = {**(target if isinstance(target, dict) else {}), **read}
        for part in _list(read.pop("allOf", None)) if depth < DEEPEST else []:
            read = _both(read, self._read(part, depth + 1))
        for key in ("oneOf", "anyOf"):
            ways = [way for way in _list(read.pop(key, None)) if isinstance(way, dict) and way.get("type") != "null"]
            if ways and depth < DEEPEST:
                read = _both(read, self._read(ways[0], depth + 1))
        return read

    def _told(self, schema: Mapping[str, Any], name: str) -> Any:
        """What the task itself gives for that name, where it fits the type; None for nothing."""
        if not name:
            return None
        given = self._known.get(_plain(name))
        found = given if given is not None else self._named(name, _type(schema))
        fits = isinstance(found, TYPES.get(_type(schema), object)) and (_type(schema) == "boolean" or not isinstance(found, bool))
        return found if fits and found in (schema.get("enum") or [found]) else None

    def _named(self, name: str, wanted: str) -> Any:
        """`status = sold`, `id 7`, `name "Rex"` in the wish."""
        behind = rf"\b{re.escape(_spaced(name))}\b(?: is| of| to| as)?(?: ?[=:])? ?"
        if wanted in ("integer", "number") and (found := re.search(rf"{behind}(-?\d{{1,12}})\b", _spaced(self._wish), re.IGNORECASE)):
            return int(found.group(1))
        if wanted == "string" and (found := re.search(rf"{behind}[\"'“]([^\"'”\n]{{1,200}})[\"'”]", _spaced(self._wish), re.IGNORECASE)):
            return found.group(1)
        return None

    def _made(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        wanted = _type(schema)
        if wanted == "object":
            return dict(self._properties(schema, depth))
        if wanted == "array":
            return self._items(schema, name, depth)
        if wanted in ("integer", "number"):
            return _number(schema, name)
        if wanted in ("boolean", "null"):
            return True if wanted == "boolean" else None
        return self._text(schema, name)

    def _properties(self, schema: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
        """Those that are required, and those that the task speaks of; the first of them where nothing is either."""
        described = schema["properties"] if isinstance(schema.get("properties"), dict) else {}
        needed = [name for name in _list(schema.get("required")) if isinstance(name, str)]
        writable = [name for name in described if not self._read(described[name], depth).get("readOnly")]
        chosen = [name for name in writable if name in needed or self.mentions(name)] or writable[:1]
        names = [*chosen, *(name for name in needed if name not in described)]
        if depth < DEEPEST:
            yield from ((name, self.value(described.get(name, True), name, depth + 1)) for name in names)

    def _items(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        if depth >= DEEPEST or schema.get("maxItems") == 0:
            return []
        least = schema.get("minItems")
        number = min(max(least if isinstance(least, int) else 1, 1), MOST_ITEMS)
        return [self.value(schema.get("items", True), name.removesuffix("s"), depth + 1) for _ in range(number)]

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        if isinstance(pattern := schema.get("pattern"), str) and (made := text_for(pattern)) is not None:
            return made
        text = FORMATS.get(str(schema.get("format"))) or self._plausible(name)
        least, most = schema.get("minLength"), schema.get("maxLength")
        if isinstance(least, int) and len(text) < least:
            text = (text + " ") * (min(least, LONGEST) // (len(text) + 1) + 1)
            text = text[: min(least, LONGEST)].replace(" ", "-")
        return text[:most] if isinstance(most, int) and most >= 0 else text

    def _plausible(self, name: str) -> str:
        words = _spaced(name).lower().split()
        options = next((texts for pattern, texts in TEXTS if any(re.fullmatch(pattern, word) for word in words)), OTHER_TEXTS)
        return pick(options, name, self._wish)


def _number(schema: Mapping[str, Any], name: str) -> int | float:
    """Within its bounds, and a multiple where one is asked for."""
    words = _spaced(name).lower().split()
    usual = next((number for pattern, number in NUMBERS if any(re.fullmatch(pattern, word) for word in words)), 1)
    step = _bound(schema, "multipleOf", 0) or 1
    lowest = max(_bound(schema, "minimum", -math.inf), _bound(schema, "exclusiveMinimum", -math.inf) + step)
    highest = min(_bound(schema, "maximum", math.inf), _bound(schema, "exclusiveMaximum", math.inf) - step)
    value = min(max(usual, lowest), highest)
    rounded = math.ceil(value / step) * step  # up, so that it stays above the lowest
    if rounded > highest:
        rounded = math.floor(highest / step) * step
    return int(rounded) if _type(schema) == "integer" else rounded


def _bound(schema: Mapping[str, Any], key: str, otherwise: float) -> float:
    value = schema.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST:
        return value
    return otherwise


def _type(schema: Mapping[str, Any]) -> str:
    said = schema.get("type")
    if isinstance(said, list):
        said = next((each for each in said if each != "null"), "null")
    if isinstance(said, str):
        return said
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both schemas at once, as far as objects go."""
    joined = {**other, **one}
    if "properties" in one and "properties" in other:
        joined["properties"] = {**other["properties"], **one["properties"]}
    if "required" in one and "required" in other:
        joined["required"] = [*_list(one["required"]), *_list(other["required"])]
    return joined


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _spaced(name: str) -> str:
    """ "petId" and "pet_id" as "pet id"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]+", " ", name)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()
