"""A judge's result as the page shows it: the JSON the engine stored on the run becomes rows with bars. Used by `parts` only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from runs.models import EvalRun, Verdict

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
    dots: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class SampleRow:
    """What one judge said in one sample: overall, then a number a category. None is unscored."""

    number: int
    judge_model: str
    score: float | None
    scores: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """One judge of several: the mean of its scored samples, None without any."""

    model: str
    samples: int
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """`state` is none (nothing to judge by), waiting, missing (ended before it was judged) or done.

    `sample_rows` are there when a judge was asked more than once, `judges` when there were several.
    """

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
    sample_rows: Sequence[SampleRow] = ()
    judges: Sequence[JudgeRow] = ()

    @property
    def weighted(self) -> bool:
        """Whether weights differ; equal ones are not worth a word a row."""
        return len({row.weight for row in self.rows}) > 1

    @property
    def sample_table(self) -> list[tuple[str, list[float | None]]]:
        """A category a row, with its number in every sample."""
        return [(row.label, [sample.scores[place] for sample in self.sample_rows]) for place, row in enumerate(self.rows)]


def scorecard(run: EvalRun, kind: str, message_count: int, verdicts: Iterable[Verdict] = ()) -> Scorecard:
    """The scores of one kind, quality or adaptation, in whatever state they are. `verdicts` are those of the run, for what samples said."""
    frozen, result = _sources(run, kind)
    said = [verdict for verdict in verdicts if verdict.kind == kind]
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
        rows=[_row(category, message_count, said) for category in result.get("categories", ())],
        sample_rows=_sample_rows(result, said),
        judges=_judges(result),
    )


def has_samples(run: EvalRun) -> bool:
    """Whether some result is of more than one sample, so that its verdicts tell more than it does."""
    return any(result.get("samples", 1) > 1 for result in (run.evaluation_result, run.adaptation_result))


def _sources(run: EvalRun, kind: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    if kind == "quality":
        return run.template_snapshot, run.evaluation_result
    return run.adaptation_template_snapshot, run.adaptation_result


def _bar(scored: Mapping[str, Any]) -> Bar | None:
    return None if scored.get("score") is None else Bar(scored["score"], scored.get("spread"))


def _sample_rows(result: Mapping[str, Any], said: Sequence[Verdict]) -> list[SampleRow]:
    if len(said) < 2:
        return []
    overall = {(item.get("judge_model"), item.get("sample")): item.get("score") for item in result.get("judges", ())}
    keys = [category.get("key", "") for category in result.get("categories", ())]
    return [
        SampleRow(
            verdict.sample + 1,
            verdict.judge_model,
            overall.get((verdict.judge_model, verdict.sample)),
            [_score_in(verdict, key) for key in keys],
        )
        for verdict in said
    ]


def _score_in(verdict: Verdict, key: str) -> float | None:
    found: float | None = next((item.get("score") for item in verdict.answer.get("categories", ()) if item.get("key") == key), None)
    return found


def _judges(result: Mapping[str, Any]) -> list[JudgeRow]:
    scores: dict[str, list[float | None]] = {}
    for item in result.get("judges", ()):
        scores.setdefault(item.get("judge_model", ""), []).append(item.get("score"))
    return [_judge(model, given) for model, given in scores.items()] if len(scores) > 1 else []


def _judge(model: str, given: Sequence[float | None]) -> JudgeRow:
    scored = [score for score in given if score is not None]
    return JudgeRow(model, len(given), Bar(round(fmean(scored), 1)) if scored else None)


def _row(category: Mapping[str, Any], message_count: int, said: Sequence[Verdict]) -> CategoryRow:
    scores = [_score_in(verdict, category.get("key", "")) for verdict in said] if len(said) > 1 else []
    return CategoryRow(
        label=category.get("label") or category.get("key", ""),
        weight=category.get("weight", 1.0),
        bar=_bar(category),
        reasoning=category.get("reasoning", ""),
        unscored_reason=category.get("unscored_reason", ""),
        evidence=[_citation(item, message_count) for item in category.get("evidence", ())],
        dots=[score for score in scores if score is not None],
    )


def _citation(item: Mapping[str, Any], message_count: int) -> Citation:
    index = item.get("message_index", -1)
    return Citation(index, item.get("quote", ""), bool(item.get("found")), 0 <= index < message_count)
