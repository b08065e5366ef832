"""From judgements to a result: weighted means computed by us, spread over samples and judges, unscored counted and left out.

Plain Python.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    """One stored verdict: who judged, which sample, and the checked answer (see judge.Judgement)."""

    judge_model: str
    number: int
    answer: Mapping[str, Any]


def weighted_mean(scores: Sequence[tuple[float, float]]) -> float | None:
    """The mean of (score, weight) pairs, one decimal. None when nothing that counts is scored."""
    total = sum(weight for _, weight in scores)
    if total <= 0:
        return None
    return round(sum(score * weight for score, weight in scores) / total, 1)


def combine(rubric: Mapping[str, Any], samples: Sequence[Sample], *, demo: bool) -> dict[str, Any]:
    """The result as it is stored on the run and served by the API.

    {score|null, feedback, judge_model, template_id, template_name, demo, samples, spread|null, judges: [{judge_model, score|null}],
    evidence_checked, evidence_not_found, unscored, unscored_reason, categories: [{key, label, weight, score|null, spread|null,
    reasoning, unscored_reason, evidence}]}. Scores are 0-100; a category's score is the mean of its scored samples, its reasoning and
    evidence those of the first scored one.
    """
    categories = [_category(category, samples) for category in rubric["categories"]]
    overall = [_sample_score(rubric, sample) for sample in samples]
    evidence = [item for sample in samples for category in sample.answer["categories"] for item in category["evidence"]]
    return {
        "score": weighted_mean([(item["score"], item["weight"]) for item in categories if item["score"] is not None]),
        "feedback": next((sample.answer["feedback"] for sample in samples if sample.answer["feedback"]), ""),
        "judge_model": samples[0].judge_model if samples else "",
        "template_id": rubric["template_id"],
        "template_name": rubric["name"],
        "demo": demo,
        "samples": len(samples),
        "spread": spread([score for score in overall if score is not None]),
        "judges": _judges(samples, overall),
        "evidence_checked": len(evidence),
        "evidence_not_found": sum(not item["found"] for item in evidence),
        "unscored": sum(item["score"] is None for item in categories),
        "unscored_reason": next((sample.answer["unscored_reason"] for sample in samples if sample.answer["unscored_reason"]), ""),
        "categories": categories,
    }


def spread(scores: Sequence[float]) -> float | None:
    """The sample standard deviation (n - 1), one decimal. None below two scores."""
    return round(statistics.stdev(scores), 1) if len(scores) > 1 else None


def _category(category: Mapping[str, Any], samples: Sequence[Sample]) -> dict[str, Any]:
    answers = [item for sample in samples for item in sample.answer["categories"] if item["key"] == category["key"]]
    scored = [item for item in answers if item["score"] is not None]
    scores = [float(item["score"]) for item in scored]
    first: Mapping[str, Any] = (scored or answers or [{}])[0]
    return {
        "key": category["key"],
        "label": category["label"],
        "weight": category["weight"],
        "score": round(statistics.fmean(scores), 1) if scores else None,
        "spread": spread(scores),
        "reasoning": first.get("reasoning", ""),
        "unscored_reason": "" if scores else first.get("unscored_reason", "") or "The judge gave no score.",
        "evidence": list(first.get("evidence", [])),
    }


def _sample_score(rubric: Mapping[str, Any], sample: Sample) -> float | None:
    weights = {category["key"]: category["weight"] for category in rubric["categories"]}
    answered = sample.answer["categories"]
    return weighted_mean(
        [(item["score"], weights[item["key"]]) for item in answered if item["score"] is not None and item["key"] in weights]
    )


def _judges(samples: Sequence[Sample], overall: Sequence[float | None]) -> list[dict[str, Any]]:
    return [
        {"judge_model": sample.judge_model, "sample": sample.number, "score": score} for sample, score in zip(samples, overall, strict=True)
    ]
