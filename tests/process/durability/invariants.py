"""What must be true of every run after whatever happened: read from the database, compared with what the model server counted."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from tests.process.durability.installation import Installation

RUNS = "SELECT id, status, score, next_seq, simulation_cost_usd + evaluation_cost_usd, lease_token, error_reason FROM runs_evalrun"
MESSAGES = 'SELECT run_id, "index", session_index, turn_index, role FROM runs_message ORDER BY run_id, "index"'
EVENTS = "SELECT run_id, seq, type FROM runs_runevent ORDER BY run_id, seq"
COSTS = "SELECT run_id, sum(price_usd) FROM runs_modelcall GROUP BY run_id"
VERDICTS = "SELECT run_id, kind, sample FROM runs_verdict ORDER BY run_id, kind, sample"
STORED = "SELECT model, purpose, count(*), sum(input_tokens), sum(output_tokens), sum(price_usd) FROM runs_modelcall GROUP BY 1, 2"
TALLIED = "SELECT model, purpose, sum(calls), sum(input_tokens), sum(output_tokens), sum(price_usd) FROM runs_calltally GROUP BY 1, 2"
CENT = Decimal("0.00000001")


def by_run(rows: list[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    found: dict[Any, list[tuple[Any, ...]]] = defaultdict(list)
    for run_id, *rest in rows:
        found[run_id].append(tuple(rest))
    return found


def check(here: Installation) -> None:
    """All of it. Raises AssertionError."""
    check_runs(here)
    check_rows(here)
    check_calls(here)
    check_money(here)


def check_runs(here: Installation) -> None:
    runs = here.rows(RUNS)
    assert len(runs) == here.load.runs
    for run_id, status, score, _, _, token, reason in runs:
        assert (status, token) == ("completed", None), f"{run_id}: {status}, {reason}"
        assert score is not None, f"{run_id} has no score"


def check_rows(here: Installation) -> None:
    """No message, event or verdict is missing or there twice."""
    messages, events, verdicts = (by_run(here.rows(query)) for query in (MESSAGES, EVENTS, VERDICTS))
    for run_id, _, _, next_seq, *_ in here.rows(RUNS):
        assert messages[run_id] == here.load.transcript, run_id
        assert [seq for seq, _ in events[run_id]] == list(range(next_seq)), run_id
        types = [type_ for _, type_ in events[run_id]]
        assert (types.count("final_status"), types[-1]) == (1, "final_status"), run_id
        assert verdicts[run_id] == [("quality", sample) for sample in range(here.load.samples)], run_id


def check_money(here: Installation) -> None:
    """The runs' costs and the projects' tallies are the sums of the calls."""
    costs = {run_id: _money(cost) for run_id, cost in here.rows(COSTS)}
    for run_id, _, _, _, cost, *_ in here.rows(RUNS):
        assert _money(cost) == costs[run_id] > 0, run_id
    assert _sums(here, STORED) == _sums(here, TALLIED)


def check_calls(here: Installation) -> None:
    """Nothing is paid for twice but what was in flight at a kill, and nothing is asked that an undisturbed run would not ask."""
    seen = here.server.seen()
    assert seen.distinct == here.load.calls, seen
    assert seen.made <= here.load.calls + here.in_flight, (seen, here.in_flight)
    assert here.load.calls <= here.stored_calls <= seen.made


def _sums(here: Installation, query: str) -> dict[tuple[str, str], tuple[int, ...]]:
    return {
        (model, purpose): (int(calls), int(asked), int(said), int(_money(price) / CENT))
        for model, purpose, calls, asked, said, price in here.rows(query)
    }


def _money(value: Any) -> Decimal:
    """SQLite sums decimals as floating-point numbers."""
    return Decimal(str(value)).quantize(CENT)
