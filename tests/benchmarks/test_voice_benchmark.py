"""The benchmark of share of voice runs, small; how little it must cost is for a quiet machine and the full size."""

import pytest

from tests.benchmarks import voice
from tests.benchmarks.voice_filling import ENDPOINTS, PAGES


def test_it_asks_both_sizes_for_every_address_with_as_many_queries(capsys: pytest.CaptureFixture[str]) -> None:
    voice.compare("sqlite", answers=300, small=100, requests=1)
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("/")]
    assert len(rows) == len(PAGES) + len(ENDPOINTS)
    assert all(line.split()[-1] == line.split()[-2] for line in rows)
