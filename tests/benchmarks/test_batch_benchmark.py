"""The benchmark of batches runs, small; how fast it must be is for a quiet machine and the full size."""

import pytest

from tests.benchmarks import batch


def test_floor_and_batch_make_the_same_calls_and_all_children_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert batch.driven("sqlite", 20, 4, 0.01)
    batch.counted_children("sqlite", 300)
    printed = capsys.readouterr().out
    assert printed.count("20 calls") == 2
    assert "300 children: made" in printed
    assert "completed" in printed
