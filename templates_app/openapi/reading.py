"""The text of an API document as plain data: JSON, or YAML as the core schema of YAML 1.2 reads it. Bounded; a refusal says where."""

import re
from typing import Any

import yaml

from evalhub.common.jsontext import DEEPEST, BadJSON, read_json, refuse_odd_values
from templates_app.yamltext import FAILURES, LONGEST_NUMBER, sayable

LARGEST = 4 * 1024 * 1024  # characters
MOST_VALUES = 500_000  # in a YAML document, counting what an alias stands for wherever it stands

PAGE = "This is a web page or XML, not an OpenAPI document. Beside a page of docs the document is often at /openapi.json or /openapi.yaml."

_PAGE = re.compile(r"<[!?a-zA-Z]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is there: ten times as fast
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE, _FALSE = re.compile("true|True|TRUE"), re.compile("false|False|FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAG = "tag:yaml.org,2002:"


class Unreadable(ValueError):
    """The document cannot be taken; the message is a sentence that says where and why."""

    def __init__(self, message: str) -> None:
        super().__init__(sayable(message))


def read_text(text: str) -> Any:
    """The data of a JSON or YAML text. Raises Unreadable."""
    if len(text) > LARGEST:
        raise Unreadable(f"The document has {len(text):,} characters; at most {LARGEST:,} are read.")
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise Unreadable("The document is empty.")
    if _PAGE.match(text.lstrip()):
        raise Unreadable(PAGE)
    if text.lstrip()[0] in "{[":
        return _from_json(text)
    return _from_yaml(text)


def _from_json(text: str) -> Any:
    """What begins like JSON may also be YAML in flow style; and YAML says the line of a key that is there twice."""
    try:
        return read_json(text, unique_keys=True)
    except BadJSON as error:
        refusal = Unreadable(_placed(error))
    try:
        return _from_yaml(text)
    except Unreadable as error:
        raise (error if "twice" in str(error) else refusal) from None


def _placed(error: BadJSON) -> str:
    return f"{'.'.join(map(str, error.path))}: {error}" if error.path else str(error)


def _from_yaml(text: str) -> Any:
    try:
        node = yaml.compose(text, Loader=_LOADER)
        data = _Builder().build(node) if node else None
        refuse_odd_values(data)
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        raise Unreadable(f"{_where(error.problem_mark)}{error.problem or 'this is neither JSON nor YAML'}.") from None
    except BadJSON as error:
        raise Unreadable(_placed(error)) from None
    except (yaml.YAMLError, RecursionError, *FAILURES) as error:
        raise Unreadable(f"This is neither JSON nor YAML: {' '.join(str(error).split())[:200]}.") from None
    return data


def _where(mark: Any) -> str:
    return f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


class _Builder:
    """Plain data from the nodes of a YAML text. An alias is the same object again; its size counts each time, so that a small text cannot
    stand for a document without end.
    """

    def __init__(self) -> None:
        self.built: dict[int, tuple[Any, int, int]] = {}  # by node: the value, how many values it has, and how deep it goes
        self.open: set[int] = set()

    def build(self, node: yaml.Node, depth: int = 0) -> Any:
        return self._sized(node, depth)[0]

    def _sized(self, node: yaml.Node, depth: int) -> tuple[Any, int, int]:
        if found := self.built.get(id(node)):
            self._check(node, depth + found[2], found[1])
            return found
        self._check(node, depth, 1)
        if id(node) in self.open:
            raise self._error(node, "a value is part of itself")
        self.open.add(id(node))
        found = self._new(node, depth)
        self.open.discard(id(node))
        self._check(node, depth, found[1])
        self.built[id(node)] = found
        return found

    def _new(self, node: yaml.Node, depth: int) -> tuple[Any, int, int]:
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            parts = [self._sized(item, depth + 1) for item in node.value]
            return [value for value, _, _ in parts], *_sums(parts)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node), 1, 0
        raise self._error(node, f"the tag {node.tag} is not read here")

    def _mapping(self, node: yaml.MappingNode, depth: int) -> tuple[Any, int, int]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        parts = []
        for key, value in node.value:
            name = self._key(key)
            part = self._sized(value, depth + 1)
            parts.append(part)
            if key.tag == f"{_TAG}merge":
                merged = self._merged(value, part[0]) | merged
            elif name in found:
                raise self._error(key, f"the key {name[:80]!r} is there twice in one object")
            else:
                found[name] = part[0]
        return merged | found, *_sums(parts)

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "a key must be a text")
        return str(node.value)

    def _merged(self, node: yaml.Node, value: Any) -> dict[str, Any]:
        """What `<<` brings: one mapping or several, of which the first has the last word."""
        given = value if isinstance(value, list) else [value]
        if not all(isinstance(item, dict) for item in given):
            raise self._error(node, "<< takes a mapping, or a list of mappings")
        return {key: item[key] for item in reversed(given) for key in item}

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        if node.tag not in {f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")}:
            raise self._error(node, f"the tag {node.tag} is not read here")
        is_number = bool(_FRACTION.fullmatch(text) or _BASED.fullmatch(text))
        if node.style or (node.tag == f"{_TAG}str" and not is_number):
            return text
        if _ENDLESS.fullmatch(text) or len(text) > LONGEST_NUMBER and is_number:
            raise self._error(node, f"{text[:40]} is no JSON number")
        return _plain(text)

    def _check(self, node: yaml.Node, depth: int, size: int) -> None:
        if depth > DEEPEST:
            raise self._error(node, f"it is nested deeper than {DEEPEST} levels")
        if size > MOST_VALUES:
            raise self._error(node, f"the document has more than {MOST_VALUES:,} values, aliases written out")

    def _error(self, node: yaml.Node, message: str) -> Unreadable:
        return Unreadable(f"{_where(node.start_mark)}{message}.")


def _sums(parts: list[tuple[Any, int, int]]) -> tuple[int, int]:
    return 1 + sum(size for _, size, _ in parts), 1 + max((height for _, _, height in parts), default=-1)


def _plain(text: str) -> Any:
    """An unquoted scalar: YAML 1.2 knows no `yes`, no dates and no numbers by sixties."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    return float(text) if _FRACTION.fullmatch(text) else text
