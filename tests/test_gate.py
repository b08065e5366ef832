"""Whose turn it is when parts of the gate run side by side (tests/support/gate.py)."""

import threading
from pathlib import Path

import pytest

from tests.support import gate


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(gate, "TURNS", str(tmp_path))
    return tmp_path


class Part(threading.Thread):
    """Another part of the gate, which takes a turn when it is started and ends it when it is told to."""

    def __init__(self, *, alone: bool) -> None:
        super().__init__(daemon=True)
        self.alone, self.inside, self.done = alone, threading.Event(), threading.Event()

    def run(self) -> None:
        with gate.turn(alone=self.alone):
            self.inside.set()
            self.done.wait(10)

    def end(self) -> None:
        self.done.set()
        self.join(10)


@pytest.mark.usefixtures("turns")
def test_tests_of_two_parts_run_at_the_same_time() -> None:
    other = Part(alone=False)
    with gate.turn(alone=False):
        other.start()
        assert other.inside.wait(5)
        other.end()


@pytest.mark.usefixtures("turns")
def test_a_test_that_is_alone_waits_for_the_others_and_keeps_them_out() -> None:
    alone, later = Part(alone=True), Part(alone=False)
    with gate.turn(alone=False):
        alone.start()
        assert not alone.inside.wait(0.1)
    assert alone.inside.wait(5)
    later.start()
    assert not later.inside.wait(0.1)
    alone.end()
    assert later.inside.wait(5)
    later.end()


@pytest.mark.usefixtures("turns")
def test_a_test_that_waits_to_be_alone_is_not_overtaken() -> None:
    first, alone, later = Part(alone=False), Part(alone=True), Part(alone=False)
    first.start()
    assert first.inside.wait(5)
    alone.start()
    assert not alone.inside.wait(0.1)
    later.start()
    assert not later.inside.wait(0.1)
    first.end()
    assert alone.inside.wait(5)
    assert not later.inside.is_set()
    alone.end()
    assert later.inside.wait(5)
    later.end()
