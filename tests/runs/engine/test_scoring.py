"""Means, weights, spread, and what is left out of them."""

from typing import Any

import pytest

from runs.engine.scoring import Sample, combine, weighted_mean

RUBRIC: dict[str, Any] = {
    "template_id": "t",
    "name": "Quality",
    "categories": [{"key": "a", "label": "A", "weight": 3.0}, {"key": "b", "label": "B", "weight": 1.0}],
}


def sample(a: int | None, b: int | None, number: int = 0, judge: str = "m") -> Sample:
    def item(key: str, score: int | None) -> dict[str, Any]:
        evidence = [{"message_index": 0, "quote": "x", "found": score != 1}]
        return {"key": key, "score": score, "reasoning": "r", "unscored_reason": "" if score is not None else "why", "evidence": evidence}

    return Sample(judge, number, {"categories": [item("a", a), item("b", b)], "feedback": "f", "unscored_reason": ""})


def test_the_overall_score_is_the_weighted_mean_of_the_categories() -> None:
    assert combine(RUBRIC, [sample(80, 40)], demo=False)["score"] == 70.0


def test_an_unscored_category_is_no_zero_and_is_counted() -> None:
    result = combine(RUBRIC, [sample(80, None)], demo=False)
    assert (result["score"], result["unscored"]) == (80.0, 1)
    assert result["categories"][1]["unscored_reason"] == "why"


def test_nothing_scored_is_no_score_at_all() -> None:
    result = combine(RUBRIC, [sample(None, None)], demo=False)
    assert (result["score"], result["spread"], result["unscored"]) == (None, None, 2)


def test_samples_are_averaged_and_their_spread_is_shown() -> None:
    result = combine(RUBRIC, [sample(80, 40), sample(60, 40, 1)], demo=False)
    assert result["categories"][0]["score"] == 70.0
    assert result["categories"][0]["spread"] == pytest.approx(14.1)
    assert result["score"] == pytest.approx(62.5)
    assert result["spread"] == pytest.approx(10.6)
    assert [judge["score"] for judge in result["judges"]] == [70.0, 55.0]


def test_a_sample_that_failed_leaves_the_others_alone() -> None:
    result = combine(RUBRIC, [sample(None, None), sample(60, 40, 1)], demo=False)
    assert result["score"] == pytest.approx(55.0)
    assert result["unscored"] == 0


def test_evidence_is_counted_over_all_samples() -> None:
    result = combine(RUBRIC, [sample(1, 40), sample(60, 40, 1)], demo=True)
    assert (result["evidence_checked"], result["evidence_not_found"], result["demo"]) == (4, 1, True)


def test_a_category_without_weight_never_stands_in_for_those_that_count() -> None:
    assert weighted_mean([(90, 0)]) is None
    assert weighted_mean([(90, 0), (40, 2)]) == 40.0
    assert weighted_mean([]) is None
