"""A judge's result as the page shows it: the JSON the engine stored on the run becomes rows with bars. Used by `parts` only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.models import EvalRun

TITLES = {"quality": "Scores", "adaptation": "Adaptation"}


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and the turn it cites. `linked` is false when the run has no such turn."""

    index: int
    quote: str
    found: bool
    linked: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A score on the scale of 0 to 100 and, where samples differ, the band of one standard deviation around it."""

    value: float
    spread: float | None = None

    @property
    def band_start(self) -> float:
        return max(self.value - (self.spread or 0), 0)

    @property
    def band_width(self) -> float:
        return min(self.value + (self.spread or 0), 100) - self.band_start


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category. `bar` is None where it is unscored, which is not zero."""

    label: str
    weight: float
    bar: Bar | None
    reasoning: str
    unscored_reason: str
    evidence: Sequence[Citation]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """`state` is none (nothing to judge by), waiting, missing (ended before it was judged) or done."""

    kind: str
    title: str
    state: str
    template_name: str = ""
    judge_model: str = ""
    demo: bool = False
    bar: Bar | None = None
    samples: int = 1
    unscored: int = 0
    unscored_reason: str = ""
    evidence_checked: int = 0
    evidence_not_found: int = 0
    feedback: str = ""
    rows: Sequence[CategoryRow] = ()

    @property
    def weighted(self) -> bool:
        """Whether weights differ; equal ones are not worth a word a row."""
        return len({row.weight for row in self.rows}) > 1


def scorecard(run: EvalRun, kind: str, message_count: int) -> Scorecard:
    """The scores of one kind, quality or adaptation, in whatever state they are."""
    frozen, result = _sources(run, kind)
    if not result:
        state = "none" if not frozen else "missing" if run.is_final else "waiting"
        return Scorecard(kind=kind, title=TITLES[kind], state=state, template_name=frozen.get("name", ""), demo=run.uses_demo)
    return Scorecard(
        kind=kind,
        title=TITLES[kind],
        state="done",
        template_name=result.get("template_name") or frozen.get("name", ""),
        judge_model=result.get("judge_model", ""),
        demo=bool(result.get("demo")),
        bar=_bar(result),
        samples=result.get("samples", 1),
        unscored=result.get("unscored", 0),
        unscored_reason=result.get("unscored_reason", ""),
        evidence_checked=result.get("evidence_checked", 0),
        evidence_not_found=result.get("evidence_not_found", 0),
        feedback=result.get("feedback", ""),
        rows=[_row(category, message_count) for category in result.get("categories", ())],
    )


def _sources(run: EvalRun, kind: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if kind == "quality":
        return run.template_snapshot, run.evaluation_result
    return run.adaptation_template_snapshot, run.adaptation_result


def _bar(scored: Mapping[str, Any]) -> Bar | None:
    return None if scored.get("score") is None else Bar(scored["score"], scored.get("spread"))


def _row(category: Mapping[str, Any], message_count: int) -> CategoryRow:
    return CategoryRow(
        label=category.get("label") or category.get("key", ""),
        weight=category.get("weight", 1.0),
        bar=_bar(category),
        reasoning=category.get("reasoning", ""),
        unscored_reason=category.get("unscored_reason", ""),
        evidence=[_citation(item, message_count) for item in category.get("evidence", ())],
    )


def _citation(item: Mapping[str, Any], message_count: int) -> Citation:
    index = item.get("message_index", -1)
    return Citation(index, item.get("quote", ""), bool(item.get("found")), 0 <= index < message_count)
