"""What one schema costs at one value beside going there: comparing, matching, and what an error about it would hold. Called by `effort`.

Costs are in units of some ten nanoseconds, as measured on the library; what it may take longer for is counted for more.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from templates_app.openapi.snapshot import Schema

COMPARED, COMPARED_INSIDE = 6, 300  # for each value of an enum; what is in a list or an object is compared by way of Python
MATCHED, MATCHED_BACK = 10, 1_000  # to begin with; a pattern that looks around or back may be tried many times
DIVIDED, DIVIDED_FAR = 1_500, 25_000
FAR = 1e30  # between a number and what it should be a multiple of
LEFT_OVER = 100  # for each name, and each part that could have known it
ENDLESS = 10**9
LEFT_OVERS = frozenset({"unevaluatedProperties", "unevaluatedItems"})
DEAR = LEFT_OVERS | {"enum", "const", "pattern", "patternProperties", "multipleOf"}
IN_PLACE = ("allOf", "anyOf", "oneOf")
IN_PLACE_ONE = ("not", "if", "then", "else")
_LOOKS_AROUND = re.compile(r"\(\?<?[=!]|\(\?>|\(\?\(|\\[1-9k]|[*+?}]\+")
_HUNDREDS, _DOZENS = re.compile(r"\\[pP]|\(\?\w*i"), re.compile(r"\.|\[\^|\\[DSW]")  # of states for one character
_CLASS = r"\[(?:\\.|[^\]\\])*+\]?"  # one that nobody closes goes to the end, so that none is looked for behind each of its brackets
_TOKEN = re.compile(rf"\\.|{_CLASS}|\{{(\d+)(?:,(\d*))?\}}|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """`size` is about the number of its states: what is repeated counts as often as that may be."""

    size: int
    looks_around: bool

    def cost(self, lengths: Iterable[int]) -> int:
        """Of matching texts of these lengths."""
        if self.looks_around:
            return sum(MATCHED_BACK + length * length * max(self.size // 4, 1) for length in lengths)
        return sum(MATCHED + 2 * length * self.size for length in lengths)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one schema, whatever the value. `held` is the number of values that its own errors hold; `missing` the errors that it may make."""

    compared: int
    held: int
    missing: int
    pattern: Pattern | None
    of_names: tuple[Pattern, ...]
    multiple: float
    parts: int  # that could know a property, where what none of them knows is looked for
    is_low: bool  # whatever the value

    def of(self, value: Any) -> int:
        """Of checking this value, and nothing inside it."""
        units = self.compared
        if isinstance(value, str) and self.pattern:
            units += self.pattern.cost([len(value)])
        if isinstance(value, dict) and self.of_names:
            lengths = list(map(len, value))
            units += 2 * sum(pattern.cost(lengths) for pattern in self.of_names)
        if isinstance(value, int | float) and self.multiple:
            units += DIVIDED_FAR if abs(value) > FAR * self.multiple else DIVIDED
        if isinstance(value, dict | list):
            units += LEFT_OVER * self.parts * len(value)
        return units


def cost_of(part: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Cost:
    options = [*list_of(part.get("enum")), *([part["const"]] if "const" in part else [])]
    pattern, multiple = part.get("pattern"), part.get("multipleOf")
    return Cost(
        compared=sum(COMPARED_INSIDE * count_of(each) if isinstance(each, dict | list) else COMPARED for each in options),
        held=sum(map(count_of, options)),
        missing=len(list_of(part.get("required"))) + sum(len(list_of(each)) for each in map_of(part.get("dependentRequired")).values()),
        pattern=pattern_of(pattern) if isinstance(pattern, str) else None,
        of_names=tuple(map(pattern_of, map_of(part.get("patternProperties")))),
        multiple=float(multiple) if isinstance(multiple, int | float) and multiple < math.inf else 0.0,
        parts=_parts_in_place(part, definitions) if LEFT_OVERS & part.keys() else 0,
        is_low=not (DEAR & part.keys()),
    )


def count_of(value: Any) -> int:
    """The number of values in a value, itself too."""
    if isinstance(value, dict):
        return 1 + sum(map(count_of, value.values()))
    return 1 + sum(map(count_of, value)) if isinstance(value, list) else 1


def pattern_of(text: str) -> Pattern:
    """Read roughly, as any dialect has it."""
    groups = [[0, 0]]  # of each group that is open: the size of what is done, and of the last part
    for token in _TOKEN.finditer(text):
        group, sign = groups[-1], token[0]
        if token[1]:
            group[1] = min(max(group[1], 1) * (max(int(token[1][:9]), int((token[2] or "0")[:9])) + 1), ENDLESS)
        elif sign == ")" and len(groups) > 1:
            groups.pop()
            groups[-1][0] += groups[-1][1]
            groups[-1][1] = min(sum(group), ENDLESS)
        elif sign == "(":
            groups.append([0, 0])
        elif sign not in "?*+|":
            group[0], group[1] = group[0] + group[1], 1
    return Pattern(sum(map(sum, groups)) or 1, bool(_LOOKS_AROUND.search(text)))


def compiling_cost(schemas: Any) -> int:
    """Of all patterns in some JSON, in units of two microseconds: before anything is matched, a machine is built for each."""
    units, waiting = 0, [schemas]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            units += sum(map(_compiled, map_of(found.get("patternProperties"))))
            units += _compiled(found["pattern"]) if isinstance(found.get("pattern"), str) else 0
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
    return units


def _compiled(text: str) -> int:
    return pattern_of(text).size * (300 if _HUNDREDS.search(text) else 10 if _DOZENS.search(text) else 1)


def _parts_in_place(part: Mapping[str, Any], definitions: Mapping[str, Schema]) -> int:
    """All that looks at the same value as the schema does, each once."""
    seen: set[int] = set()
    waiting: list[Any] = [part]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, dict) or id(found) in seen:
            continue
        seen.add(id(found))
        waiting += [each for key in IN_PLACE for each in list_of(found.get(key))]
        waiting += [found[key] for key in IN_PLACE_ONE if key in found]
        waiting += map_of(found.get("dependentSchemas")).values()
        if isinstance(reference := found.get("$ref"), str):
            waiting.append(definitions.get(reference.removeprefix("#/$defs/")))
    return len(seen)


def list_of(value: Any) -> list[Any]:
    """The list, or an empty one for what is none."""
    return value if isinstance(value, list) else []


def map_of(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one for what is none."""
    return value if isinstance(value, dict) else {}
