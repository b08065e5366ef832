"""One run from its claim to its end: load, simulate or carry out a trial, judge, finish. Called by the drain, one coroutine a run."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
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
from runs.engine.judging import JUDGE_COLUMNS, Judging, seed_of
from runs.engine.lease import Lease, LeaseLost
from runs.engine.load import SIMULATES, Loaded, load
from runs.engine.money import Budgets, Purse
from runs.engine.outage import LONGEST_PAUSE, OUTAGE_SECONDS, is_outage
from runs.engine.outcome import Outcome
from runs.engine.proof import Proof
from runs.engine.record import RunRecorder
from runs.engine.simulate import Scenario, Simulation, SimulationFailed
from runs.engine.transcript import Entry
from runs.engine.trials.carry import carry_out
from runs.engine.trials.failures import TrialFailed, failed_outcome
from runs.engine.trials.plan import TrialPlan
from runs.engine.trials.stage import START_SECONDS, Stage
from runs.events.types import Error, Event, FinalStatus, Retrying, RunStarted
from runs.models import EvalRun, Verdict
from runs.plan import SessionPlan
from runs.states import Status

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Execution:
    """A claimed run being driven. `cancelled` is set by the drain before it cancels the task; `outcome` is there once a trial has one.

    `known` is what was loaded with the claim; without it the execution loads itself.
    `on_ending` is called when only the last commit is left: nobody will be asked any more, so another run may be claimed for the place.
    """

    lease: Lease
    journal: Journal
    models_http: aiohttp.ClientSession
    endpoints_http: aiohttp.ClientSession
    gates: Gates
    budgets: Budgets
    proof: Proof
    on_ending: Callable[[], None] = lambda: None
    known: Loaded | LeaseLost | None = None
    cancelled: bool = False
    ending: bool = False
    recorder: RunRecorder = field(init=False)
    purse: Purse = field(init=False)
    outcome: Outcome | None = None

    @property
    def calls(self) -> int:
        """Model calls that were written down so far."""
        recorder: RunRecorder | None = getattr(self, "recorder", None)
        return recorder.calls if recorder else 0

    async def drive(self) -> None:
        """Bring the run to its end and write it down. Raises LeaseLost, and Stopping or CancelledError when the worker stops."""
        loaded = self.known or await self._loaded()
        if isinstance(loaded, LeaseLost):
            raise loaded
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
        except (SimulationFailed, TrialFailed, LLMError) as error:
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
        if loaded.trial:
            columns["template_snapshot"] = run.template_snapshot
        self.recorder.later(Entry(columns=columns, events=[_taken(loaded)]), START_SECONDS if loaded.trial else 0.0)
        judging = Judging(loaded, self.recorder)
        if loaded.trial:
            self.outcome = await carry_out(self._stage(loaded, loaded.trial, agent, judging, judges))
            return
        if agent:
            simulation = Simulation(_scenario(run), agent, user, self.recorder, loaded.lines, dict(run.simulation_state))
            await simulation.play()
        for kind, judge in judges.items():
            await judging.judge(kind, judge)

    def _cast(self, loaded: Loaded, agent: ModelSpec) -> tuple[ChatModel, ChatModel | None]:
        """The agent, and the model that plays the user unless every turn is scripted."""
        run = loaded.run
        hosted = bool(loaded.trial) or run.agent_snapshot["kind"] == "character"
        http = self.models_http if hosted else self.endpoints_http
        if all(plan["max_turns"] <= len(plan["script"]) for plan in run.sessions):
            return self._connect(agent, http), None
        user = loaded.providers.spec(run.user_model or str(run.simulation_config.get("model") or ""), part="user")
        return self._connect(agent, http), self._connect(user, self.models_http)

    def _stage(self, loaded: Loaded, plan: TrialPlan, agent: ChatModel | None, judging: Judging, judges: Mapping[str, ChatModel]) -> Stage:
        """What a trial works with. Its judge, if any, is asked when the kind of trial says so."""
        run, judge = loaded.run, judges.get(Verdict.Kind.QUALITY)

        async def judged(judge: ChatModel) -> Mapping[str, Any]:
            await judging.judge(Verdict.Kind.QUALITY, judge)
            result: Mapping[str, Any] = run.evaluation_result
            return result

        return Stage(
            plan=plan,
            recorder=self.recorder,
            lines=loaded.lines,
            state=dict(run.simulation_state),
            seed=seed_of(run),
            call=self.journal.call,
            http=self.endpoints_http,
            may_spend=self.purse.refuse_when_spent,
            model=agent,
            judge=partial(judged, judge) if judge else None,
        )

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
        return connect(spec, http, on_retry=self._say_retry, gate=gate, may_ask=self.proof.wait, hold=hold)

    async def _say_retry(self, notice: RetryNotice) -> None:
        self.recorder.note(
            Retrying(message=notice.message, model=notice.model, attempt=notice.attempt, wait_seconds=round(notice.wait_s, 2))
        )

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
        columns: dict[str, Any] = {
            "status": status,
            "error_code": code,
            "error_reason": reason,
            "completed_at": timezone.now(),
            "started_at": run.started_at or timezone.now(),
            **FREE,
        }
        outcome = self.outcome if status == Status.COMPLETED else None
        if run.kind == EvalRun.Kind.TRIAL and outcome is None:
            outcome = failed_outcome(code, reason)
        if self.outcome and outcome is self.outcome:
            # What the outcome was made of stands in it now; a run that is over needs no state to go on from.
            columns |= {"score": outcome.score, "simulation_state": {}}
        self.ending = True
        self.on_ending()  # whoever is woken by it comes after the commit in the journal's line
        await self.recorder.commit(Entry(events=events, columns=columns, outcome=outcome))


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
        seed=seed_of(run),
    )
