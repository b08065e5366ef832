"""Bodies that are wrong in very many places: how much of one is looked at, and how much of that is told."""

import gc
import json
import tracemalloc
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from evalhub.common.jsontext import BadJSON, read_json
from evalhub.common.parsing import Body, Items, Text, Whole, parse
from evalhub.common.problems import Problem

LOOKED_AT: list[Any] = []


class Seen(Whole):
    """A whole number that notes what it was asked about."""

    def to_internal_value(self, data: Any) -> int:
        LOOKED_AT.append(data)
        return super().to_internal_value(data)


class Inner(Body):
    may_be_text = True

    number = Seen(required=False)


class Outer(Body):
    numbers = Items(child=Seen(), required=False, max_length=1000)
    anything = Items(child=Seen(), required=False)
    inner = Inner(required=False)
    name = Text(max_length=5, required=False)


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    LOOKED_AT.clear()
    yield
    LOOKED_AT.clear()


def refusal(body: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        parse(Outer, body)
    return caught.value


def test_a_list_that_is_too_long_is_refused_before_any_of_it_is_looked_at() -> None:
    problem = refusal({"numbers": [1] * 1001})
    assert problem.detail == "body.numbers: Ensure this field has no more than 1000 elements."
    assert (problem.errors[0]["code"], problem.errors[0]["value"]) == ("max_length", "a list of 1001")
    assert not LOOKED_AT
    assert parse(Outer, {"numbers": [1] * 1000})["numbers"] == [1] * 1000


@pytest.mark.parametrize("key", ["numbers", "anything"])
def test_a_list_of_many_wrong_items_is_looked_at_no_further_than_can_be_told(key: str) -> None:
    problem = refusal({key: ["x"] * 1000})
    assert [item["location"] for item in problem.errors] == [f"body.{key}[{index}]" for index in range(50)]
    assert problem.detail.endswith("(at least 50 more.)")
    assert len(LOOKED_AT) == 51


def test_a_few_wrong_items_are_all_told() -> None:
    problem = refusal({"numbers": [*range(900), "x", *range(90), "y"]})
    assert [item["location"] for item in problem.errors] == ["body.numbers[900]", "body.numbers[991]"]
    assert problem.detail.endswith("(1 more.)")


def test_unknown_keys_in_a_long_json_text_are_told_without_reading_it_anew_for_each() -> None:
    text = json.dumps({f"key{number}": number for number in range(50_000)})
    began = perf_counter()
    read_json(text)
    once = perf_counter() - began
    problem = refusal({"inner": text})
    assert [item["value"] for item in problem.errors] == list(range(50))
    assert perf_counter() - began < 20 * once  # twice, and what is done with the keys


def test_a_text_that_is_too_long_is_one_complaint() -> None:
    assert [item["code"] for item in refusal({"name": "\ud800" * 6}).errors] == ["max_length"]


@pytest.mark.parametrize("depth", [1, 60])
def test_checking_what_was_read_costs_no_memory_for_each_value(depth: int) -> None:
    text = "[" * depth + ",".join(["0"] * 200_000) + "]" * depth
    tracemalloc.start()
    assert read_json(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(text)  # a list of references, the decoder's included; a path for each value is 60 to 1,000 bytes


def test_millions_of_lists_are_read_without_looking_for_cycles_among_them() -> None:
    passes: list[str] = []
    text = f"[{','.join(['[]'] * 100_000)}]"
    gc.callbacks.append(lambda phase, info: passes.append(phase))
    try:
        assert len(read_json(text)) == 100_000
        with pytest.raises(BadJSON):
            read_json(text[:-1])
    finally:
        gc.callbacks.pop()
    assert len(passes) < 20  # a pass for every 700 lists would be 140, each told twice
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("\x00", ()),
        ({"a": [1, {"b": "\ud800"}]}, ("a", 1, "b")),
        ([[], {}, [1, 2], {"a": {}, "b\x00": 1}], (3,)),
        ({"a": [{}, [[]], "x\x00"]}, ("a", 2)),
        ([["ok"], 1e308, {"c": {"d": "\udfff"}}], (2, "c", "d")),
    ],
)
def test_a_character_that_cannot_be_stored_is_pointed_at(value: Any, path: tuple[str | int, ...]) -> None:
    with pytest.raises(BadJSON) as caught:
        read_json(json.dumps(value))
    assert caught.value.path == path


def test_a_number_that_is_too_large_is_pointed_at() -> None:
    with pytest.raises(BadJSON, match="too large a number") as caught:
        read_json('{"a": [1.5, {"b": 1e999}]}')
    assert caught.value.path == ("a", 1, "b")


def test_a_whole_number_that_nobody_can_read_is_one_sentence() -> None:
    with pytest.raises(BadJSON, match=r"^It has a number of more than 4,300 digits\.$"):
        read_json('{"a": ' + "9" * 5000 + "}")


@pytest.mark.parametrize("innermost", ["0", '"a"', "[]", "{}"])
def test_sixty_four_levels_are_the_deepest(innermost: str) -> None:
    assert read_json("[" * 64 + innermost + "]" * 64)
    with pytest.raises(BadJSON, match="deeper than 64"):
        read_json("[" * 65 + innermost + "]" * 65)


def test_what_a_child_raises_is_kept_by_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        Items(child=Seen(max_value=3)).run_validation([1, 5, 2])
    assert list(caught.value.detail) == [1]
