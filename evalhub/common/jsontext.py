"""Strict JSON from strangers: what is no JSON, nested too deep or no database can store is refused in one sentence. Plain Python."""

import gc
import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Path = tuple[str | int, ...]
DEEPEST = 64
NOT_STORABLE = "Has a character that cannot be stored (NUL, or half of a surrogate pair)."
TOO_LARGE = "Is too large a number."
TOO_LARGE_SOMEWHERE = "It has a number of more than 4,300 digits."
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadJSON(ValueError):
    """The text cannot be taken. `path` is the place inside when the text is JSON, None when it is none."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


def read_json(raw: bytes | str, *, unique_keys: bool = False) -> Any:
    """The value of a JSON text. Of a key that is there twice the last value counts; `unique_keys` refuses it. Raises BadJSON only."""
    data = _loads(raw, _pairs if unique_keys else None)
    refuse_odd_values(data)
    return data


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BadJSON(f"The key {twice[:80]!r} is there twice in one object.")
    return found


def _loads(raw: bytes | str, hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        with _no_collection():
            return json.loads(text, parse_constant=_no_constant, object_pairs_hook=hook)
    except BadJSON:
        raise
    except UnicodeDecodeError as error:
        raise BadJSON(f"It is not UTF-8: byte {error.start} cannot be read.") from None
    except json.JSONDecodeError as error:
        raise BadJSON(f"It is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise BadJSON(f"It is nested deeper than {DEEPEST} levels.") from None
    except ValueError as error:
        # A whole number of more digits than Python reads is told by a sentence for programmers.
        raise BadJSON(TOO_LARGE_SOMEWHERE if "int_max_str_digits" in str(error) else f"It is not JSON: {error}") from None


@contextmanager
def _no_collection() -> Iterator[None]:
    """JSON makes no cycles. Looking for some among millions of new lists takes longer than reading them, and stops every thread."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number.")


def refuse_odd_values(data: Any) -> None:
    """Raises BadJSON for what is nested too deep or cannot be stored.

    No recursion, since depth is the sender's choice; and nothing is kept of a value, as 8 MiB may hold four million.
    """
    path: list[str | int] = []  # of the container looked through; its first part is that of the list around everything
    opened = [_inside([data], path)]
    while opened:
        for key, value in opened[-1]:
            if isinstance(value, dict | list):
                if value:  # an empty one is not worth opening
                    path.append(key)
                    opened.append(_inside(value, path))
                    break
            elif not _is_fine(value):
                raise BadJSON(TOO_LARGE if isinstance(value, float) else NOT_STORABLE, _printable([*path, key]))
        else:
            opened.pop()
            if path:
                path.pop()


def _inside(container: dict[str, Any] | list[Any], path: list[str | int]) -> Iterator[tuple[str | int, Any]]:
    """What is in a container, by key or index. Raises BadJSON for its keys, and for its depth."""
    if len(path) > DEEPEST:
        raise BadJSON(f"It is nested deeper than {DEEPEST} levels.")
    if isinstance(container, list):
        return enumerate(container)
    if not all(map(_is_storable, container)):
        raise BadJSON(NOT_STORABLE, _printable(path))
    return iter(container.items())


def _is_fine(value: Any) -> bool:
    if isinstance(value, str):
        return _is_storable(value)
    return not isinstance(value, float) or math.isfinite(value)


def _is_storable(text: str) -> bool:
    # PostgreSQL takes no NUL in text or jsonb, and no encoder takes a lone surrogate. isascii() keeps the common case quick.
    return "\x00" not in text and (text.isascii() or not _SURROGATE.search(text))


def _printable(path: list[str | int]) -> Path:
    return tuple(part if isinstance(part, int) else part.replace("\x00", "").encode("utf-8", "replace").decode() for part in path[1:])
