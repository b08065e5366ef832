"""Means over judged conversations, and what stays out of them."""

from evalhub.cli.summary import Outcome, summarise
from tests.evalhub.cli.conftest import judged


def test_unscored_and_failed_runs_stay_out_of_the_mean_and_are_counted() -> None:
    failed = judged(status="failed", error_reason="The model refused.", evaluation_result={})
    outcomes = [
        Outcome(1, judged(60.0)),
        Outcome(2, judged(80.0)),
        Outcome(3, judged(None)),
        Outcome(4, failed),
        Outcome(5, refusal="Too long."),
    ]
    summary = summarise(outcomes)
    assert summary.score is not None
    assert (summary.score.n, summary.score.value) == (2, 70.0)
    assert (summary.conversations, summary.completed, summary.unscored) == (5, 3, 1)
    assert summary.failed == [(4, "failed: The model refused."), (5, "Too long.")]


def test_a_category_that_was_never_scored_has_no_mean() -> None:
    assert summarise([Outcome(1, judged(None))]).categories == [("Tone", None)]


def test_a_failed_run_costs_too() -> None:
    failed = judged(status="failed", error_reason="x", evaluation_result={})
    assert summarise([Outcome(1, judged()), Outcome(2, failed)]).cost_usd == 0.06


def test_demo_scores_are_marked() -> None:
    assert summarise([Outcome(1, judged())]).as_json()["demo"] is True


def test_the_adaptation_row_is_there_only_when_it_was_asked_for() -> None:
    adapted = judged(adaptation_result={"score": 55.0})
    assert [label for label, _ in summarise([Outcome(1, adapted)]).means()] == ["Overall", "Tone", "Adaptation"]
    assert [label for label, _ in summarise([Outcome(1, judged())]).means()] == ["Overall", "Tone"]


def test_calls_without_a_known_price_are_counted_beside_the_cost() -> None:
    run = {**judged(80.0), "simulation_state": {"unpriced_calls": 3}}
    summary = summarise([Outcome(1, run), Outcome(2, judged(60.0))])
    assert summary.unpriced == summary.as_json()["unpriced_calls"] == 3
