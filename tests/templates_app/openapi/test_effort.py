"""Schemas that would keep the library busy for hours, refused in a moment; and large values of ordinary ones, which are not."""

import time
from typing import Any

import pytest

from templates_app.openapi.costs import pattern_of
from templates_app.openapi.validation import MOST_FAULTS, TOO_LARGE, SchemaInvalid, faults
from tests.templates_app.openapi.documents import imported, of

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


CODES = [f"code-{at:04}" for at in range(4_000)]
EACH_KEY = {f"^(x+)+{at}(?=y)": True for at in range(300)}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ([1] * 100_000, {"items": {"enum": [*CODES, 1]}}),
        ([{"a": 3_999}] * 10_000, {"items": {"enum": [{"a": at} for at in range(4_000)]}}),
        ("a" * 100_000, {"pattern": "(?<!b)a*c$"}),
        ("ab" * 100_000, {"pattern": "(?:[ab]{1,90}){1,20}c"}),
        ({f"{'x' * 30}{at}": 1 for at in range(10_000)}, {"patternProperties": EACH_KEY}),
        ([1e300] * 50_000, {"items": {"multipleOf": 1e-300}}),
        ([{f"a{at}": 1 for at in range(100)}] * 300, {"items": {"unevaluatedProperties": False, "allOf": [{"type": "object"}] * 900}}),
    ],
    ids=["enum", "enum of objects", "looking back", "repeated", "names", "multiples", "left over"],
)
def test_keywords_that_take_long_at_many_places_are_refused(value: Any, schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaInvalid, match="would take too long"):
        faults(value, schema, {}, "response")


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (["no code"] * 5_000, {"items": {"enum": CODES}}),
        ([{}] * 5_000, {"items": {"required": CODES}}),
        ([1] * 50_000, {"allOf": [{"maxItems": at} for at in range(100)]}),
    ],
    ids=["each holds the enum", "each has many", "each holds the answer"],
)
def test_of_errors_that_would_fill_the_memory_the_first_is_told(value: Any, schema: dict[str, Any]) -> None:
    """The library makes all of them before it gives the first away."""
    assert len(faults(value, schema, {}, "response")) == 1
    assert 1 < len(faults(value[:4], schema, {}, "response")) <= MOST_FAULTS


def test_of_large_alternatives_not_even_the_first_is() -> None:
    """Why each of them does not fit is a part of one error."""
    schema = {"anyOf": [{"items": {"enum": CODES}}, {"maxItems": 0}]}
    assert faults(["no code"] * 5_000, schema, {}, "response") == [TOO_LARGE]
    assert faults(["no code"] * 5_000, {"items": {"enum": CODES, "anyOf": [True]}}, {}, "response") != [TOO_LARGE]
    assert faults([CODES[0]] * 5_000, schema, {}, "response") == []


@pytest.mark.parametrize(
    ("text", "size", "looks_around"),
    [
        ("", 1, False),
        ("^[0-9a-f]{8}-[0-9a-f]{4}$", 17, False),
        ("(?:[ab]{1,900}){1,20}c", 18_943, False),
        (r"a\{9}", 4, False),
        ("(?=a)b", 3, True),
        (r"(a)\1", 2, True),
        ("((){3}]", 5, False),
        pytest.param("[" * 500_000, 1, False, id="brackets that nobody closes"),  # half an hour, when each was looked for an end
    ],
)
def test_a_pattern_counts_what_it_repeats(text: str, size: int, looks_around: bool) -> None:
    found = pattern_of(text)
    assert (found.size, found.looks_around) == (size, looks_around)


MANY_STATES = "(?i)a{1,900}"  # nearly half of what one operation may have
A_B = {"items": {"$ref": "#/components/schemas/A"}, "contains": {"$ref": "#/components/schemas/B"}}


@pytest.mark.parametrize(
    "document",
    [
        of({"pattern": "(?:[ab]{1,900}){1,900}"}),
        of({"patternProperties": {f"{MANY_STATES}{at}": True for at in range(2)}}),
        of(A_B, A={"pattern": MANY_STATES}, B={"pattern": f"{MANY_STATES}b"}),
    ],
    ids=["one", "two", "in what it refers to"],
)
def test_an_operation_whose_patterns_take_long_to_build_is_not_taken(document: dict[str, Any]) -> None:
    found = imported(document)
    assert found.operations == []
    assert "its patterns repeat so much that they are too large" in found.skipped[0]["reason"]


def test_nor_are_those_that_come_to_that_together() -> None:
    document = of({"pattern": MANY_STATES})
    document["paths"] = {f"/thing{at}": document["paths"]["/thing"] for at in range(30)}
    found = imported(document)
    assert 10 < len(found.operations) < 30
    assert len(found.operations) + len(found.skipped) == 30
