"""What many judged conversations come to: means, and beside them what is in no mean. Pure; evaluate.py fills it, report.py prints it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.common.statistics import Mean, mean_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the file and what became of it: the run as the API shows it, or why there is none."""

    line: int
    run: Mapping[str, Any] | None = None
    refusal: str = ""

    @property
    def failure(self) -> str:
        """Why there is nothing to count; "" for a completed run."""
        if self.run is None:
            return self.refusal
        return "" if self.run["status"] == "completed" else f"{self.run['status']}: {self.run.get('error_reason', '')}".rstrip(": ")

    def as_json(self) -> dict[str, Any]:
        run = self.run or {}
        keys = ("run_id", "status", "evaluation_result", "adaptation_result", "total_cost_usd")
        return {"line": self.line, "error": self.failure, **{key: run.get(key) for key in keys}}


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and means over completed runs. `failed` holds (line, reason)."""

    conversations: int
    completed: int
    failed: Sequence[tuple[int, str]]
    unscored: int
    score: Mean | None
    adaptation: Mean | None
    categories: Sequence[tuple[str, Mean | None]]
    cost_usd: float
    unpriced: int
    demo: bool

    def means(self) -> list[tuple[str, Mean | None]]:
        """Rows of the table: the overall score, its categories, and the adaptation score where one was asked for."""
        rows = [("Overall", self.score), *self.categories]
        return [*rows, ("Adaptation", self.adaptation)] if self.adaptation else rows

    def as_json(self) -> dict[str, Any]:
        return {
            "conversations": self.conversations,
            "completed": self.completed,
            "failed": len(self.failed),
            "unscored": self.unscored,
            "score": _mean_json(self.score),
            "adaptation": _mean_json(self.adaptation),
            "categories": {label: _mean_json(mean) for label, mean in self.categories},
            "cost_usd": self.cost_usd,
            "unpriced_calls": self.unpriced,
            "demo": self.demo,
        }


def summarise(outcomes: Sequence[Outcome]) -> Summary:
    """Failed runs and unscored results stay out of every mean and are counted instead."""
    completed = [outcome.run for outcome in outcomes if outcome.run and not outcome.failure]
    results = [run["evaluation_result"] for run in completed]
    scores = [result["score"] for result in results if result.get("score") is not None]
    adapted = [run["adaptation_result"].get("score") for run in completed if run["adaptation_result"]]
    return Summary(
        conversations=len(outcomes),
        completed=len(completed),
        failed=[(outcome.line, outcome.failure) for outcome in outcomes if outcome.failure],
        unscored=len(completed) - len(scores),
        score=mean_of(scores),
        adaptation=mean_of([score for score in adapted if score is not None]),
        categories=_category_means(results),
        cost_usd=sum(float(outcome.run["total_cost_usd"]) for outcome in outcomes if outcome.run),
        unpriced=sum(unpriced_calls(outcome.run) for outcome in outcomes if outcome.run),
        demo=any(result.get("demo") for result in results),
    )


def unpriced_calls(run: Mapping[str, Any]) -> int:
    """How many of a run's model calls have no known price; its costs are without them."""
    count = (run.get("simulation_state") or {}).get("unpriced_calls")
    return count if isinstance(count, int) else 0  # a pasted state may say anything


def _category_means(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mean | None]]:
    scores: dict[str, list[float]] = {}
    for result in results:
        for item in result.get("categories") or []:
            values = scores.setdefault(item["label"], [])
            if item.get("score") is not None:
                values.append(item["score"])
    return [(label, mean_of(values)) for label, values in scores.items()]


def _mean_json(mean: Mean | None) -> dict[str, Any] | None:
    """Half the interval as it was computed, and its ends as they are cut at those of the scale."""
    if mean is None:
        return None
    low, high = mean.interval or (None, None)
    return {"mean": mean.value, "half_width_95": mean.half_width, "low_95": low, "high_95": high, "n": mean.n}
