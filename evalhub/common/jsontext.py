"""Strict JSON from strangers: what is no JSON, nested too deep or no database can store is refused in one sentence. Plain Python."""

import json
import math
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
DEEPEST = 64


class BadJSON(ValueError):
    """The text cannot be taken. `path` is the place inside when the text is JSON, None when it is none."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


def read_json(raw: bytes | str) -> Any:
    """The value of a JSON text. Raises BadJSON, never anything else."""
    data = _loads(raw)
    for path, value in _leaves(data):
        if isinstance(value, str) and not _is_storable(value):
            raise BadJSON("Has a character that cannot be stored (NUL, or half of a surrogate pair).", _printable(path))
        if isinstance(value, float) and not math.isfinite(value):
            raise BadJSON("Is too large a number.", _printable(path))
    return data


def _loads(raw: bytes | str) -> Any:
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        return json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise BadJSON(f"It is not UTF-8: byte {error.start} cannot be read.") from None
    except json.JSONDecodeError as error:
        raise BadJSON(f"It is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except RecursionError:
        raise BadJSON(f"It is nested deeper than {DEEPEST} levels.") from None
    except ValueError as error:
        raise BadJSON(f"It is not JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number.")


def _leaves(data: Any) -> Iterator[tuple[Path, Any]]:
    """Every scalar and every key with its path. A stack, not recursion: depth is the sender's choice."""
    stack: list[tuple[Path, Any]] = [((), data)]
    while stack:
        path, value = stack.pop()
        if len(path) > DEEPEST:
            raise BadJSON(f"It is nested deeper than {DEEPEST} levels.")
        if isinstance(value, dict):
            yield from ((path, key) for key in value)
            stack.extend(((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            stack.extend(((*path, index), inner) for index, inner in enumerate(value))
        else:
            yield path, value


def _is_storable(text: str) -> bool:
    # PostgreSQL takes no NUL in text or jsonb, and no encoder takes a lone surrogate. isascii() keeps the common case quick.
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text))


def _printable(path: Path) -> Path:
    return tuple(part if isinstance(part, int) else part.replace("\x00", "").encode("utf-8", "replace").decode() for part in path)
