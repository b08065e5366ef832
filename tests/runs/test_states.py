"""The drawing in runs.states, as code."""

from runs.states import ACTIVE, FINAL, MOVES, Status, may_move


def test_every_status_has_a_row_and_is_either_final_or_active() -> None:
    assert set(MOVES) == set(Status)
    assert set(Status) == FINAL | ACTIVE
    assert not FINAL & ACTIVE


def test_a_final_status_is_never_left_but_by_resuming_an_interrupted_run() -> None:
    left = {(old, new) for old in FINAL for new in Status if may_move(old, new)}
    assert left == {(Status.INTERRUPTED, Status.PENDING)}


def test_a_running_run_can_wait_again_and_a_waiting_one_can_be_cancelled() -> None:
    assert may_move(Status.RUNNING, Status.PENDING)
    assert may_move(Status.PENDING, Status.CANCELLED)
    assert not may_move(Status.PENDING, Status.COMPLETED)
