"""All judgements of a driven run: the samples of each kind, those of an earlier attempt kept, and the result they combine to.

Called by execute. One judgement is `judge.judge_once`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.llm.errors import LLMError
from agents.llm.types import ChatModel
from runs.engine.judge import judge_once
from runs.engine.load import Loaded
from runs.engine.record import RunRecorder
from runs.engine.scoring import Sample, combine
from runs.engine.simulate import SimulationFailed
from runs.engine.transcript import Entry, Purpose, keeps
from runs.events.types import AdaptationCompleted, EvaluationCompleted, EvaluationStarted, Event, Score
from runs.models import EvalRun, Verdict

JUDGE_COLUMNS = {Verdict.Kind.QUALITY: "judge_model", Verdict.Kind.ADAPTATION: "adaptation_judge_model"}
PURPOSES = {Verdict.Kind.QUALITY: Purpose.JUDGE, Verdict.Kind.ADAPTATION: Purpose.ADAPTATION}


@dataclass(slots=True)
class Judging:
    """Judges the transcript of one run as it stands in `loaded.lines`."""

    loaded: Loaded
    recorder: RunRecorder

    async def judge(self, kind: str, judge: ChatModel) -> None:
        """All samples of one kind, then the combined result in the run's columns; nothing where an earlier attempt got that far."""
        run = self.loaded.run
        rubric = run.template_snapshot if kind == Verdict.Kind.QUALITY else run.adaptation_template_snapshot
        column = "evaluation_result" if kind == Verdict.Kind.QUALITY else "adaptation_result"
        if getattr(run, column):
            return
        if not self.loaded.lines:
            raise SimulationFailed("empty_transcript", "There is nothing to judge: the transcript has no messages.")
        self.recorder.note(EvaluationStarted(message=f"{judge.name} judges {rubric['name']}.", kind=kind, judge_model=judge.name))
        kept = [verdict for verdict in self.loaded.verdicts if verdict.kind == kind]
        there = {verdict.sample for verdict in kept}
        missing = [number for number in range(rubric["judge_samples"]) if number not in there]
        answers = await asyncio.gather(*(self._sample(kind, judge, number) for number in missing), return_exceptions=True)
        fresh = _all_or_first_error(answers)
        ordered = sorted([*kept, *fresh], key=lambda verdict: verdict.sample)
        samples = [Sample(verdict.judge_model, verdict.sample, verdict.answer) for verdict in ordered]
        await self._result(kind, column, combine(rubric, samples, demo=judge.is_demo))

    async def _sample(self, kind: str, judge: ChatModel, number: int) -> Verdict:
        run = self.loaded.run
        rubric = run.template_snapshot if kind == Verdict.Kind.QUALITY else run.adaptation_template_snapshot
        purpose = PURPOSES[Verdict.Kind(kind)]
        try:
            judgement = await judge_once(
                judge,
                rubric,
                self.loaded.lines,
                persona=run.user_persona,
                agent_name=run.agent_name,
                seed=seed_of(run) + number,
                on_calls=keeps(self.recorder, purpose),
            )
        except LLMError as error:
            await self.recorder.write(Entry(purpose=purpose, calls=error.calls))
            raise
        verdict = Verdict(run_id=run.id, kind=kind, judge_model=judge.name, sample=number, answer=judgement.answer)
        await self.recorder.commit(Entry(purpose=purpose, calls=judgement.calls), verdicts=[verdict])
        return verdict

    async def _result(self, kind: str, column: str, result: dict[str, Any]) -> None:
        scored = result["score"] is not None
        done = EvaluationCompleted if kind == Verdict.Kind.QUALITY else AdaptationCompleted
        events: list[Event] = [_score_event(kind, category) for category in result["categories"]]
        said = f"{result['template_name']}: {result['score']} / 100." if scored else f"{result['template_name']}: unscored."
        events.append(done(message=said, score=result["score"] or 0.0, scored=scored))
        number = "score" if kind == Verdict.Kind.QUALITY else "adaptation_score"
        await self.recorder.commit(Entry(events=events, columns={column: result, number: result["score"]}))


def seed_of(run: EvalRun) -> int:
    """Where a run's seeds begin."""
    return run.id.int % 2**31


def _all_or_first_error(answers: Sequence[Verdict | BaseException]) -> list[Verdict]:
    """The verdicts, or the first error; by now every sample is written, so none that was paid for is lost to another's failure."""
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, Verdict)]


def _score_event(kind: str, category: Mapping[str, Any]) -> Score:
    scored = category["score"] is not None
    said = f"{category['label']}: {category['score']} / 100." if scored else f"{category['label']}: unscored."
    return Score(
        message=said,
        kind=kind,
        key=category["key"],
        label=category["label"],
        score=category["score"] or 0.0,
        scored=scored,
        reason=category["unscored_reason"] or category["reasoning"],
    )
