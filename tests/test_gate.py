"""What the two halves of the gate agree on (tests/support/gate.py)."""

import threading
from pathlib import Path

import pytest

from tests.support import gate


@pytest.fixture
def turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(gate, "TURNS", str(tmp_path))
    return tmp_path


class Half(threading.Thread):
    """The other half of the gate, which takes a turn when it is started and ends it when it is told to."""

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
def test_tests_of_both_halves_run_at_the_same_time() -> None:
    other = Half(alone=False)
    with gate.turn(alone=False):
        other.start()
        assert other.inside.wait(5)
        other.end()


@pytest.mark.usefixtures("turns")
def test_a_test_that_is_alone_waits_for_the_other_half_and_keeps_it_out() -> None:
    alone, later = Half(alone=True), Half(alone=False)
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
    first, alone, later = Half(alone=False), Half(alone=True), Half(alone=False)
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


@pytest.mark.parametrize(
    ("marks", "on_sqlite", "on_postgres"),
    [
        ([], True, True),
        (["process"], True, False),
        (["process", "postgres"], False, True),
        (["process", "both_halves"], True, True),
        (["process", "postgres", "both_halves"], True, True),
    ],
)
def test_processes_run_in_the_half_of_their_database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, marks: list[str], on_sqlite: bool, on_postgres: bool
) -> None:
    item = pytest.Function.from_parent(request.node.parent, name="example", callobj=lambda: None)
    for mark in marks:
        item.add_marker(mark)
    monkeypatch.setattr(gate, "ON_POSTGRES", False)
    assert gate.of_this_half(item) is on_sqlite
    monkeypatch.setattr(gate, "ON_POSTGRES", True)
    assert gate.of_this_half(item) is on_postgres
