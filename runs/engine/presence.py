"""What a drain and the processes above it know of each other, in memory shared by fork: who supervises, and whether a drain is at work.

The supervisor of `evalhub worker` prepares it before each fork; the drain sets and clears the sign. Without one it changes nothing.
"""

import contextlib
import uuid
from collections.abc import Iterator
from multiprocessing.sharedctypes import RawValue
from typing import Any

_at_work: Any = RawValue("b", 0)
_supervisor: uuid.UUID | None = None


def prepare(supervisor: uuid.UUID) -> Any:
    """Before a fork: a sign of its own for the cluster that is about to start. Its `value` is 1 while a drain is at work there."""
    global _at_work, _supervisor
    _at_work, _supervisor = RawValue("b", 0), supervisor
    return _at_work


def supervisor() -> uuid.UUID | None:
    """Whose row stands above this process."""
    return _supervisor


@contextlib.contextmanager
def at_work() -> Iterator[None]:
    """The sign, for as long as a drain lasts. One that is killed leaves it set; its cluster ends with it."""
    sign = _at_work
    sign.value = 1
    try:
        yield
    finally:
        sign.value = 0
