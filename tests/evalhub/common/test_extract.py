"""JSON out of free text."""

import json
import random
import time

import pytest

from evalhub.common.extract import json_objects


@pytest.mark.parametrize(
    ("text", "objects"),
    [
        ("", []),
        ("no json", []),
        ("{}", [{}]),
        ('{"a": {"b": "}"}} tail', [{"a": {"b": "}"}}]),
        ('```json\n{"a": 1}\n```', [{"a": 1}]),
        ('{a placeholder} then {"a": 1}', [{"a": 1}]),
        ('{the answer {"a": 1}}', [{"a": 1}]),
        ('{"a": 1,}', [{"a": 1}]),
        ('{"a": [1, 2, ], "b": "x,}",}', [{"a": [1, 2], "b": "x,}"}]),
        ('{"a": True, "b": None, "c": "None"}', [{"a": True, "b": None, "c": "None"}]),
        ('{"a": 1, // a remark\n "b": 2}', [{"a": 1, "b": 2}]),
        ('{"a": "http://x/y",}', [{"a": "http://x/y"}]),
        ('{"a": "two\nlines"}', [{"a": "two\nlines"}]),
        ('{"a": "say \\"hi\\" {"}', [{"a": 'say "hi" {'}]),
        ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('<think>maybe {"a": 0}</think> {"a": 1}', [{"a": 1}]),
        ('{"a": 1', []),
        ('{"a": 1, // 19" wide\n "b": 2}', [{"a": 1, "b": 2}]),
        ('{ { {"a": 1}', [{"a": 1}]),
    ],
)
def test_every_outermost_object_is_found(text: str, objects: list[dict[str, object]]) -> None:
    assert list(json_objects(text)) == objects


def _value(chance: random.Random, depth: int) -> object:
    kinds = ["text", "number", "none", "flag"] + (["object", "list"] if depth else [])
    match chance.choice(kinds):
        case "text":
            return "".join(
                chance.choice('ab {}[]",:\\\n/äß漢'),
            ) * chance.randint(0, 5)
        case "number":
            return chance.choice([0, -1, 2.5, 10**12])
        case "object":
            return {f"k{index}{chance.choice('{}:,')}": _value(chance, depth - 1) for index in range(chance.randint(0, 4))}
        case "list":
            return [_value(chance, depth - 1) for _ in range(chance.randint(0, 3))]
        case "flag":
            return chance.choice([True, False])
    return None


@pytest.mark.parametrize("seed", range(60))
def test_any_object_survives_any_wrapping(seed: int) -> None:
    chance = random.Random(seed)
    data = {"answer": _value(chance, 3), "more": _value(chance, 2)}
    body = json.dumps(data, ensure_ascii=chance.choice([True, False]), indent=chance.choice([None, 2]))
    before = chance.choice(["", "Sure:\n", "```json\n", "I chose {this} because: ", "<think>{hm</think>", "[note] "])
    after = chance.choice(["", "\n```", " Hope it helps {really}!", "\n\n}"])
    assert next(json_objects(before + body + after)) == data


@pytest.mark.parametrize("seed", range(30))
def test_no_noise_raises(seed: int) -> None:
    chance = random.Random(seed)
    noise = "".join(chance.choice('{}[]",:\\ truefalsnu0123456789.-e\n\x00\ud800') for _ in range(400))
    assert all(isinstance(data, dict) for data in json_objects(noise))


@pytest.mark.parametrize(
    "text",
    [
        *("{" * 100_000, '{"a":' * 50_000, '{"' * 50_000, "{}" * 50_000, "<think>" * 20_000, '{"a": "' + "\\" * 100_000),
        *('{"' + '\\"' * 100_000, "{" + '"\\' * 100_000),
    ],
)
def test_hostile_text_is_given_up_soon(text: str) -> None:
    started = time.perf_counter()
    list(json_objects(text))
    assert time.perf_counter() - started < 5  # some 20 s when the work was not bounded
