"""The summary of a batch that is over, as its page shows it: by target, by what was asked, and brands. Reads only the row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.common.statistics import Mean, Rate
from runs.models import Batch

MOST_SUBJECTS = 10
MOST_REASONS = 3
MOST_BRANDS = 12
Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One target or subject. `p50` and `p95` are seconds; `reasons` (words, how many)."""

    label: str
    note: str
    figures: Figures
    href: str

    @property
    def rate(self) -> Rate | None:
        said = self.figures
        if not said.get("judged"):
            return None
        return Rate(said["judged"], said["passed"], said["pass_rate"], said["pass_low"], said["pass_high"])

    @property
    def mean(self) -> Mean | None:
        said = self.figures
        return None if said.get("mean_score") is None else Mean(said["scored"], said["mean_score"], said.get("score_half_width"))

    @property
    def p50(self) -> float | None:
        return _seconds(self.figures.get("latency_p50_ms"))

    @property
    def p95(self) -> float | None:
        return _seconds(self.figures.get("latency_p95_ms"))

    @property
    def reasons(self) -> list[tuple[str, int]]:
        return [(str(reason).replace("_", " "), times) for reason, times in self.figures.get("reasons", ())[:MOST_REASONS]]


@dataclass(frozen=True, slots=True)
class Summary:
    """`more` subjects have fewer failures and are not shown."""

    targets: Sequence[Line]
    subjects: Sequence[Line]
    more: int
    brands: Sequence[Mapping[str, Any]]

    @property
    def has_rates(self) -> bool:
        return any(line.rate for line in self.targets)

    @property
    def has_means(self) -> bool:
        return any(line.mean for line in self.targets)

    @property
    def has_reasons(self) -> bool:
        return any(line.reasons for line in (*self.targets, *self.subjects))


def summary(batch: Batch) -> Summary | None:
    """None while there is none."""
    told = batch.summary
    if not told.get("by_target"):
        return None
    subjects = told.get("by_subject") or []
    return Summary(
        targets=[Line(str(row["label"]), "", row, f"?target={row['index']}#matrix") for row in told["by_target"]],
        subjects=[
            Line(str(row["label"]), str(row.get("group") or ""), row, f"?subject={row['index']}#matrix") for row in subjects[:MOST_SUBJECTS]
        ],
        more=max(int(told.get("subjects") or 0) - len(subjects[:MOST_SUBJECTS]), 0),
        brands=(told.get("brands") or [])[:MOST_BRANDS],
    )


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
