"""Reads values of unknown shape out of a character's configuration, or says in one sentence which field is wrong and why.

Leaf, plain Python: `agents.character` and `agents.traits` read JSON with it that people and other programs wrote.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Control characters and halves of a surrogate pair: neither a database nor a model server takes them.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_KINDS = ((bool, "true or false"), (str, "a text"), (int | float, "a number"), (Mapping, "an object"), (list | tuple, "a list"))


def read_object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} must be an object, not {_kind(value)}.")
    return value


def read_list(value: Any, where: str) -> Sequence[Any]:
    """None is an empty list. A text is refused, though Python would read it letter by letter."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where} must be a list, not {_kind(value)}.")
    return value


def read_text(value: Any, where: str) -> str:
    """Stripped and without unwritable characters; every kind of line break becomes a newline. None is empty."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{where} must be a text, not {_kind(value)}.")
    return _UNWRITABLE.sub("", "\n".join((value or "").splitlines())).strip()


def read_line(value: Any, where: str) -> str:
    """A text on one line, whatever breaks it came with."""
    return " ".join(read_text(value, where).split())


def read_score(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where} must be a number from 0 to 100 (or from 0 to 1), not {_kind(value)}.")
    if not 0 <= value <= 100:  # also refuses NaN and infinity
        raise ValueError(f"{where} must be from 0 to 100 (or from 0 to 1), but is {value!s:.20}.")
    return float(value)


def plain(value: Any) -> Any:
    """A deep copy made of dicts and lists only, as JSON wants it, also of read-only mappings and tuples."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _kind(value: Any) -> str:
    return next((word for kind, word in _KINDS if isinstance(value, kind)), "empty" if value is None else type(value).__name__)
