"""Golden exchanges: what is sent and what must come back, written down in golden/*.json, one file an endpoint.

A file is `{"endpoint": "...", "cases": [{"name", "shows": [rules of test_rules.py], "given"?: [names of GIVEN],
"settings"?: {...}, "steps": [...]}]}`. A step is either `{"worker": true}` (all waiting runs are done) or a request with its answer:

    send    "POST /agents/Mara/simulate"; below /api/v1, with {variables}
    as      whose key: owner (left out), reader, stranger, nobody
    with    further request headers
    body    JSON, or `raw` for text that is sent as it stands
    status  and `answer` (JSON) or `stream` (a list of {"id", "data"} and "[DONE]", comments left out)
    headers those that matter; null for one that must not be there
    is      the schema of the contract that the answer keeps

Comparison is exact. In a text of the answer, {ours} is a variable and <...> a placeholder: <uuid>, <time> (with an offset),
<unix> (seconds), <digits>, <text> (not empty), <number>. <uuid:run> keeps what it met as the variable {run}.
["<each>", X] is a list of any number of X.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

FOLDER = Path(__file__).parent / "golden"
VARIABLE = re.compile(r"\{([a-z_]+)\}")
PLACEHOLDER = re.compile(r"<(uuid|time|unix|digits|text|number)(?::([a-z_]+))?>")
EACH = "<each>"
SHAPES = {"uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "time": r"\S+", "unix": r"\d{10}", "digits": r"\d+", "text": r"(?s:.+)"}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every case under the name `file: case`."""
    for path in sorted(FOLDER.glob("*.json")):
        for case in json.loads(path.read_text())["cases"]:
            yield f"{path.stem}: {case['name']}", case


def needs_threads(case: Mapping[str, Any]) -> bool:
    """Whether a case is driven by more than this thread, so that what it stores must be committed."""
    return any("worker" in step or "stream" in step or "/events" in step["send"] for step in case["steps"])


class Mismatch(AssertionError):
    """An answer differs; the message says where."""


class Variables(dict[str, str]):
    """What texts of requests and answers may name in braces."""

    def fill(self, value: Any) -> Any:
        """The same JSON with each {variable} replaced. Raises KeyError for one that nobody set."""
        if isinstance(value, str):
            return VARIABLE.sub(lambda found: self[found[1]], value)
        if isinstance(value, Mapping):
            return {self.fill(key): self.fill(item) for key, item in value.items()}
        return [self.fill(item) for item in value] if isinstance(value, list) else value

    def compare(self, expected: Any, got: Any, place: str = "answer") -> None:
        """Raises Mismatch unless they are equal, keys and types included, but for placeholders."""
        if isinstance(expected, str) and (expected == "<number>" or isinstance(got, str)):
            self._compare_text(expected, got, place)
        elif isinstance(expected, Mapping) and isinstance(got, Mapping):
            _same_keys(expected, got, place)
            for key, item in expected.items():
                self.compare(item, got[key], f"{place}.{key}")
        elif isinstance(expected, list) and isinstance(got, list):
            if expected[:1] == [EACH]:
                expected = expected[1:] * len(got)
            _same(len(expected), len(got), f"length of {place}")
            for index, (item, found) in enumerate(zip(expected, got, strict=True)):
                self.compare(item, found, f"{place}[{index}]")
        else:
            _same((expected, type(expected)), (got, type(got)), place)

    def _compare_text(self, expected: str, got: Any, place: str) -> None:
        if expected == "<number>":
            if isinstance(got, bool) or not isinstance(got, int | float):
                raise Mismatch(f"{place} is {got!r}, which is no number")
            return
        pattern, kinds = self._pattern(expected)
        found = re.fullmatch(pattern, got)
        if found is None:
            raise Mismatch(f"{place} is {got!r:.500}, not {self.fill(expected)!r:.500}")
        for (kind, name), text in zip(kinds, found.groups(), strict=True):
            CHECKS.get(kind, str)(text)
            if name:
                self[name] = text

    def _pattern(self, expected: str) -> tuple[str, list[tuple[str, str]]]:
        """A regular expression with one group a placeholder, and the kinds and names of these."""
        pattern, end, kinds = "", 0, []
        for found in PLACEHOLDER.finditer(expected):
            pattern += re.escape(self.fill(expected[end : found.start()])) + f"({SHAPES[found[1]]})"
            kinds.append((found[1], found[2] or ""))
            end = found.end()
        return pattern + re.escape(self.fill(expected[end:])), kinds


def _same(expected: Any, got: Any, place: str) -> None:
    if expected != got:
        raise Mismatch(f"{place} is {got!r}, not {expected!r}")


def _same_keys(expected: Mapping[str, Any], got: Mapping[str, Any], place: str) -> None:
    if missing := expected.keys() - got.keys():
        raise Mismatch(f"{place} lacks {sorted(missing)}")
    if more := got.keys() - expected.keys():
        raise Mismatch(f"{place} has {sorted(more)} too")


def _aware(text: str) -> None:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Mismatch(f"{text} has no offset")


def _about_now(text: str) -> None:
    if abs(int(text) - time.time()) > 86_400:
        raise Mismatch(f"{text} is not the time of today in seconds")


CHECKS = {"uuid": UUID, "time": _aware, "unix": _about_now}


def frames(body: str) -> list[Any]:
    """A stream as golden files write it. Raises Mismatch for a line that the contract does not know."""
    found: list[Any] = []
    for frame in body.removesuffix("\n\n").split("\n\n"):
        lines = frame.split("\n")
        if all(line.startswith(":") for line in lines):
            continue
        found.append("[DONE]" if lines == ["data: [DONE]"] else _frame(lines))
    return found


def _frame(lines: list[str]) -> dict[str, Any]:
    """`id` is left out where the frame has none: a piece of an event that is not its last."""
    found = re.fullmatch(r"(?:id: (\d+)\n)?data: (\{.*\})", "\n".join(lines))
    if found is None:
        raise Mismatch(f"a frame is {lines!r:.200}, not data with an id before it")
    return ({"id": int(found[1])} if found[1] else {}) | {"data": json.loads(found[2])}
