"""A model server that fails in every way at once costs calls, not scores."""

import pytest

from tests.benchmarks.faults import Outcome, drive, report

COUNT = 50


def test_faults_of_all_kinds_cost_nobody_a_score_and_no_call_is_forgotten() -> None:
    check(drive(COUNT, seed=3, patience_s=60, EVALHUB_MODEL_TIMEOUT="2"))


@pytest.mark.postgres
def test_nor_do_they_on_postgresql(database: str) -> None:
    check(drive(COUNT, seed=4, patience_s=60, EVALHUB_MODEL_TIMEOUT="2", DATABASE_URL=database))


def check(outcome: Outcome) -> None:
    stored = outcome.stored
    assert stored["status"] == {"completed": COUNT}, stored["reasons"]
    assert stored["scored"] == stored["whole"] == stored["gapless"] == stored["balanced"] == COUNT
    assert set(outcome.faults) == {"", "429", "500", "broken-json", "cut-answer", "hang"}
    assert stored["calls"] == outcome.made
    assert outcome.faults[""] == outcome.needed
    # A judge's answer that is cut inside is a whole answer to us until it is read: its record carries no error.
    assert stored["calls"] - stored["failed_calls"] >= outcome.needed
    assert outcome.made == sum(outcome.faults.values())
    assert f"calls made           {outcome.made}\n" in report(outcome)
