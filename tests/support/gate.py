"""The gate runs the suite in two halves at the same time (.ci/run): which tests are whose, and when one half keeps still for the other.

Elsewhere this does nothing: `pytest` by hand runs every test, one after the other.
"""

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest

IN_GATE = bool(os.environ.get("EVALHUB_TEST_CI"))
ON_POSTGRES = bool(os.environ.get("EVALHUB_TEST_DATABASE_URL"))
TURNS = os.environ.get("EVALHUB_TEST_TURNS", "")  # a folder that both halves know
OWNER = os.getpid()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the other half what is its own. Last, because some marks are set while tests are collected."""
    if IN_GATE:
        others = [item for item in items if not of_this_half(item)]
        items[:] = [item for item in items if of_this_half(item)]
        config.hook.pytest_deselected(items=others)


def of_this_half(item: pytest.Item) -> bool:
    """Processes bring a database of their own, so the half that runs on its kind is enough for them; `both_halves` says where it is not."""
    if not item.get_closest_marker("process") or item.get_closest_marker("both_halves"):
        return True
    return bool(item.get_closest_marker("postgres")) == ON_POSTGRES


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that measures has the machine to itself; any other only keeps such a test waiting."""
    with turn(alone=bool(item.get_closest_marker("alone"))) if TURNS else contextlib.nullcontext():
        return (yield)


@contextlib.contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Many may be in the room, or one who is alone. Who waits to be alone stands in the door, so that the others cannot go on for ever."""
    with (Path(TURNS) / "door").open("w") as door, (Path(TURNS) / "room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)  # said, not left to close(): a fork of the test may have it open still


def pytest_configure() -> None:
    """A half that is told to end runs its fixtures' ends, so that no server and no database stays behind."""
    if IN_GATE:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    if os.getpid() == OWNER:
        raise KeyboardInterrupt
    sys.exit(128 + signum)  # a fork of this process, which has no fixtures
