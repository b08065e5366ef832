"""The benchmark of a model call runs, small; how little a call may cost is for a quiet machine and the full size."""

import re

import pytest

from tests.benchmarks import model_call


def test_it_prints_what_each_kind_of_call_costs_beside_a_bare_post(capsys: pytest.CaptureFixture[str]) -> None:
    model_call.main(["--calls", "60", "--rounds", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:32].strip() for line in lines] == [
        "",
        "bare aiohttp post",
        "complete, unpriced",
        "complete, priced",
        "a judgement of four categories",
    ]
    assert all(re.search(r"\d\.\d{3} +-?\d+\.\d{3} +\d+\.\d{2}$", line) for line in lines[1:])
    assert lines[1].endswith("1.00")
