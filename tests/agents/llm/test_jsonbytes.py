"""JSON as bytes: the same meaning as the standard library's, whatever the value."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from agents.llm.jsonbytes import json_bytes


@pytest.mark.parametrize(
    "value",
    [
        {"text": "Grüße \U0001f600 \u2028", "number": 0.1, "list": [1, None, True], "nested": {"a": {}}},
        {"a lone surrogate": "\ud800"},
        {"many bits": 2**80},
        {"quote": '"\\\n\t'},
    ],
)
def test_it_reads_back_as_what_it_was(value: Any) -> None:
    assert json.loads(json_bytes(value)) == value


def test_keys_that_are_no_text_become_text() -> None:
    assert json.loads(json_bytes({1: "one"})) == {"1": "one"}


def test_values_that_json_does_not_know_become_text() -> None:
    key, moment = uuid.UUID(int=7), datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    assert json.loads(json_bytes([key, moment])) == [str(key), moment.isoformat()]


def test_it_is_deeper_than_orjson_goes() -> None:
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    assert json.loads(json_bytes(deep)) == deep
