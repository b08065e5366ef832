"""Schemas that would keep the library busy for hours, refused in a moment; and large values of ordinary ones, which are not."""

import time
from typing import Any

import pytest

from templates_app.openapi.validation import SchemaInvalid, faults

TO_N = {"$ref": "#/$defs/n"}
ROW = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "tags": {"items": {"type": "string"}}, "kind": {"anyOf": [{"type": "null"}, {"const": "a"}]}},
}


def doubling(steps: int) -> dict[str, Any]:
    """Each definition leads twice to the next."""
    found: dict[str, Any] = {f"d{at}": {"anyOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(steps)}
    return {"n": {"$ref": "#/$defs/d0"}, **found, f"d{steps}": {"type": "string"}}


def nested(depth: int) -> list[Any]:
    found: list[Any] = [1]
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("value", "definitions"),
    [
        (1, doubling(30)),
        (nested(40), {"n": {"oneOf": [{"items": TO_N, "type": "array"}, {"items": TO_N}]}}),
        (1, {"n": {"allOf": [TO_N]}}),
        ([1] * 20_000, {"n": {"items": {"allOf": [{"type": "string"}, *[{"minimum": at} for at in range(500)]]}}}),
        ({f"k{at}": 1 for at in range(5_000)}, {"n": {"patternProperties": {f"k{at}": {"type": "string"} for at in range(500)}}}),
    ],
    ids=["doubling", "as deep as the answer", "itself", "many for each", "patterns"],
)
def test_what_would_take_for_ever_is_refused_in_a_moment(value: Any, definitions: dict[str, Any]) -> None:
    began = time.process_time()
    with pytest.raises(SchemaInvalid, match="would take too long"):
        faults(value, TO_N, definitions, "response")
    assert time.process_time() - began < 10


def test_a_large_answer_to_an_ordinary_schema_is_checked() -> None:
    value = [{"id": at, "tags": ["a", "b"], "kind": None} for at in range(10_000)]
    assert faults(value, {"type": "array", "items": TO_N}, {"n": ROW}, "response") == []


def test_a_long_list_of_one_number_is_no_repetition() -> None:
    assert faults([0] * 100_000, {"items": {"type": "integer"}}, {}, "response") == []
