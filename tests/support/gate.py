"""The gate runs parts of the suite side by side (.ci/run). This keeps them apart where they must be."""

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest

TURNS = os.environ.get("EVALHUB_TEST_TURNS", "")  # a folder that all parts know; none outside the gate
OWNER = os.getpid()


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
    """A part that is told to end lets its fixtures end, so that no server and no database stays behind."""
    if TURNS:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    if os.getpid() == OWNER:
        raise KeyboardInterrupt
    sys.exit(128 + signum)  # a fork of this process, which has no fixtures
