"""One run from its claim to its end: load, simulate, judge, finish. Called by the drain, one coroutine a run."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from agents.limits.keeper import Gates
from agents.llm.errors import LLMError
from agents.llm.registry import connect
from agents.llm.spec import ModelSpec, RetryNotice
from agents.llm.types import ChatModel
from runs.ends import FREE
from runs.engine import stop
from runs.engine.journal import Journal
from runs.engine.judge import judge_once
from runs.engine.lease import Lease, LeaseLost
from runs.engine.load import SIMULATES, Loaded, load
from runs.engine.money import Budgets, Purse
from runs.engine.outage import LONGEST_PAUSE, OUTAGE_SECONDS, is_outage
from runs.engine.record import RunRecorder
from runs.engine.scoring import Sample, combine
from runs.engine.simulate import Scenario, Simulation, SimulationFailed
from runs.engine.transcript import Entry, Purpose, keeps
from runs.events.types import (
    AdaptationCompleted,
    Error,
    EvaluationCompleted,
    EvaluationStarted,
    Event,
    FinalStatus,
    Retrying,
    RunStarted,
    Score,
)
from runs.models import EvalRun, Verdict
from runs.plan import SessionPlan
from runs.states import Status

logger = logging.getLogger(__name__)
JUDGE_COLUMNS = {Verdict.Kind.QUALITY: "judge_model", Verdict.Kind.ADAPTATION: "adaptation_judge_model"}
PURPOSES = {Verdict.Kind.QUALITY: Purpose.JUDGE, Verdict.Kind.ADAPTATION: Purpose.ADAPTATION}


@dataclass(slots=True)
class Execution:
    """A claimed run being driven. `cancelled` is set by the drain before it cancels the task."""

    lease: Lease
    journal: Journal
    models_http: aiohttp.ClientSession
    endpoints_http: aiohttp.ClientSession
    gates: Gates
    budgets: Budgets
    cancelled: bool = False
    recorder: RunRecorder = field(init=False)
    purse: Purse = field(init=False)

    @property
    def calls(self) -> int:
        """Model calls that were written down so far."""
        recorder: RunRecorder | None = getattr(self, "recorder", None)
        return recorder.calls if recorder else 0

    async def drive(self) -> None:
        """Bring the run to its end and write it down. Raises LeaseLost, and Stopping or CancelledError when the worker stops."""
        loaded = await self._loaded()
        self.recorder = RunRecorder(loaded.run, self.lease, self.journal)
        if self.cancelled or loaded.run.cancel_requested_at:
            await self._end(Status.CANCELLED, "cancelled", "Cancelled on request.")
        elif loaded.problem:
            await self._end(Status.FAILED, loaded.problem.code, loaded.problem.message)
        else:
            await self._drive(loaded)

    async def _loaded(self) -> Loaded:
        """What is there of the run. Also of one that is cancelled meanwhile, whose end cannot be written without.

        While the database is away the lease is kept: it would cost an attempt to let it go silent.
        """
        until, pause, heard = time.monotonic() + OUTAGE_SECONDS, 0.0, False
        while True:
            try:
                await asyncio.sleep(pause)
                loaded: Loaded = await self.journal.ask(load, self.lease.run_id)
                return loaded
            except asyncio.CancelledError:
                if heard or not self.cancelled:
                    raise
                heard = True
            except (OperationalError, InterfaceError) as error:
                stop.raise_when_requested()
                if not is_outage(error) or time.monotonic() > until:
                    raise
                logger.warning("Run %s cannot be read (%s); trying again", self.lease.run_id, str(error).strip())
                pause = LONGEST_PAUSE

    async def _drive(self, loaded: Loaded) -> None:
        try:
            await self._steps(loaded)
        except (SimulationFailed, LLMError) as error:
            await self._end(Status.FAILED, error.code, error.message)
        except stop.Stopping:
            await self.recorder.settle()
            raise
        except (LeaseLost, OperationalError, InterfaceError):
            raise  # the database is away: the lease goes silent, and a worker goes on from what is written
        except asyncio.CancelledError:
            if not self.cancelled:
                await self.recorder.settle()
                raise
            await self._end(Status.CANCELLED, "cancelled", "Cancelled on request.")
        except Exception as error:
            logger.exception("Run %s broke", loaded.run.id)
            await self._end(Status.FAILED, "internal", f"EvalHub itself failed ({type(error).__name__}); the worker's log has the details.")
        else:
            await self._end(Status.COMPLETED, "", "")

    async def _steps(self, loaded: Loaded) -> None:
        run = loaded.run
        self.purse = Purse(run, await self.budgets.of(run.project_id))
        columns: dict[str, Any] = {"started_at": run.started_at or timezone.now()}
        judges = self._judges(loaded)
        columns |= {JUDGE_COLUMNS[Verdict.Kind(kind)]: judge.name for kind, judge in judges.items()}
        agent, user = self._cast(loaded, loaded.agent) if loaded.agent else (None, None)
        if agent:
            columns |= {"agent_model": agent.name, "user_model": user.name if user else ""}
        parts = [model for model in (agent, user, *judges.values()) if model]
        columns["uses_demo"] = run.uses_demo or any(model.is_demo for model in parts)
        self.recorder.later(Entry(columns=columns, events=[_taken(loaded)]))
        if agent:
            simulation = Simulation(_scenario(run), agent, user, self.recorder, loaded.lines, dict(run.simulation_state))
            await simulation.play()
        for kind, judge in judges.items():
            await self._judge(loaded, kind, judge)

    def _cast(self, loaded: Loaded, agent: ModelSpec) -> tuple[ChatModel, ChatModel | None]:
        """The agent, and the model that plays the user unless every turn is scripted."""
        run = loaded.run
        http = self.models_http if run.agent_snapshot["kind"] == "character" else self.endpoints_http
        if all(plan["max_turns"] <= len(plan["script"]) for plan in run.sessions):
            return self._connect(agent, http), None
        user = loaded.providers.spec(run.user_model or str(run.simulation_config.get("model") or ""), part="user")
        return self._connect(agent, http), self._connect(user, self.models_http)

    def _judges(self, loaded: Loaded) -> dict[str, ChatModel]:
        """The judge of each kind that the run asks for, the one it began with if it goes on; resolved before anything is paid for."""
        run = loaded.run
        rubrics = {Verdict.Kind.QUALITY: run.template_snapshot, Verdict.Kind.ADAPTATION: run.adaptation_template_snapshot}
        names = {kind: getattr(run, JUDGE_COLUMNS[kind]) or rubric["judge_model"] for kind, rubric in rubrics.items() if rubric}
        specs = {kind.value: loaded.providers.spec(name, part="judge") for kind, name in names.items()}
        return {kind: self._connect(spec, self.models_http) for kind, spec in specs.items()}

    def _connect(self, spec: ModelSpec, http: aiohttp.ClientSession) -> ChatModel:
        gate = self.gates.of(spec.load_key, spec.timeout_s)
        hold = self.purse.hold_for(spec)
        return connect(spec, http, on_retry=self._say_retry, gate=gate, may_ask=stop.raise_when_requested, hold=hold)

    async def _say_retry(self, notice: RetryNotice) -> None:
        self.recorder.note(
            Retrying(message=notice.message, model=notice.model, attempt=notice.attempt, wait_seconds=round(notice.wait_s, 2))
        )

    async def _judge(self, loaded: Loaded, kind: str, judge: ChatModel) -> None:
        """All samples of one kind, those of an earlier attempt kept, then the combined result."""
        run = loaded.run
        rubric = run.template_snapshot if kind == Verdict.Kind.QUALITY else run.adaptation_template_snapshot
        column = "evaluation_result" if kind == Verdict.Kind.QUALITY else "adaptation_result"
        if getattr(run, column):
            return
        if not loaded.lines:
            raise SimulationFailed("empty_transcript", "There is nothing to judge: the transcript has no messages.")
        self.recorder.note(EvaluationStarted(message=f"{judge.name} judges {rubric['name']}.", kind=kind, judge_model=judge.name))
        kept = [verdict for verdict in loaded.verdicts if verdict.kind == kind]
        there = {verdict.sample for verdict in kept}
        missing = [number for number in range(rubric["judge_samples"]) if number not in there]
        answers = await asyncio.gather(*(self._sample(loaded, kind, judge, number) for number in missing), return_exceptions=True)
        fresh = _all_or_first_error(answers)
        ordered = sorted([*kept, *fresh], key=lambda verdict: verdict.sample)
        samples = [Sample(verdict.judge_model, verdict.sample, verdict.answer) for verdict in ordered]
        await self._result(kind, column, combine(rubric, samples, demo=judge.is_demo))

    async def _sample(self, loaded: Loaded, kind: str, judge: ChatModel, number: int) -> Verdict:
        run = loaded.run
        rubric = run.template_snapshot if kind == Verdict.Kind.QUALITY else run.adaptation_template_snapshot
        purpose = PURPOSES[Verdict.Kind(kind)]
        try:
            judgement = await judge_once(
                judge,
                rubric,
                loaded.lines,
                persona=run.user_persona,
                agent_name=run.agent_name,
                seed=_seed(run) + number,
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

    async def _end(self, status: Status, code: str, reason: str) -> None:
        """The last commit: final status, results in the last event, the lease given up."""
        run = self.recorder.run
        events: list[Event] = []
        if status == Status.FAILED:
            events.append(Error(message=reason, error={"code": code, "message": reason}))
        quality, adaptation = run.evaluation_result, run.adaptation_result
        events.append(
            FinalStatus(
                message=reason or "Completed.",
                status=status,
                error_reason=reason,
                evaluation_result=quality,
                eval_result=quality,
                adaptation_result=adaptation,
            )
        )
        columns: Mapping[str, Any] = {
            "status": status,
            "error_code": code,
            "error_reason": reason,
            "completed_at": timezone.now(),
            "started_at": run.started_at or timezone.now(),
            **FREE,
        }
        await self.recorder.commit(Entry(events=events, columns=columns))


def _taken(loaded: Loaded) -> RunStarted:
    """What the log says when a worker begins, and when another one goes on."""
    run = loaded.run
    if not run.next_seq:
        said = "A worker took the run."
    elif run.kind not in SIMULATES or run.simulation_state.get("finished"):
        said = "A worker took the run again, to judge it."
    else:
        unanswered = bool(loaded.lines) and loaded.lines[-1].role == "user"
        said = f"A worker took the run again, at turn {run.total_turns + (not unanswered)}."
    return RunStarted(message=said, attempt=run.attempt)


def _all_or_first_error(answers: Sequence[Verdict | BaseException]) -> list[Verdict]:
    """The verdicts, or the first error; by now every sample is written, so none that was paid for is lost to another's failure."""
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if isinstance(answer, Verdict)]


def _scenario(run: EvalRun) -> Scenario:
    config, hosted = run.simulation_config, run.agent_snapshot["kind"] == "character"
    return Scenario(
        run_id=str(run.id),
        user_id=run.user_id or f"user-{run.id}",
        sessions=[SessionPlan.from_json(plan) for plan in run.sessions],
        persona=run.user_persona,
        character={"name": run.agent_name} | run.agent_snapshot["character"],
        starts_at=run.created_at.replace(second=0, microsecond=0),
        hosted=hosted,
        consolidation=bool(config.get("enable_consolidation")),
        diary=bool(config.get("enable_diary")),
        proactive=bool(config.get("enable_proactive")),
        seed=_seed(run),
    )


def _seed(run: EvalRun) -> int:
    return run.id.int % 2**31


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
