"""What the terminal says of costs: an unknown price is said, never shown as nothing."""

import pytest

from evalhub.cli.report import print_run
from tests.evalhub.cli.conftest import judged


@pytest.mark.parametrize(("cost", "unpriced", "shown"), [(0.0, 2, "unpriced"), (0.0123, 2, "$0.0123"), (0.0, 0, "$0.0000")])
def test_a_cost_says_what_is_not_in_it(capsys: pytest.CaptureFixture[str], cost: float, unpriced: int, shown: str) -> None:
    run = judged(
        80.0, total_cost_usd=cost, simulation_cost_usd=cost, evaluation_cost_usd=0.0, simulation_state={"unpriced_calls": unpriced}
    )
    print_run(run, "http://127.0.0.1:8000/runs/x/")
    out = capsys.readouterr().out
    assert shown in out
    assert ("whose price is unknown" in out) == bool(unpriced)
