"""JSON as bytes, quickly: request bodies and rows of the log are the larger part of what a call makes the worker write. A leaf."""

import json
from typing import Any

import orjson


def json_bytes(value: Any) -> bytes:
    """The value as JSON. What orjson refuses (a lone surrogate, a whole number of more than 64 bits, keys that are no text) goes to `json`.

    Dates, UUIDs and other values that JSON does not know become text.
    """
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return json.dumps(value, default=str).encode()
