"""What can happen in a run: one frozen dataclass an event, as it is stored, streamed and shown. No Django.

`payload(totals)` is the JSON of the stream without `run_id` and `seq`, which are columns of the row. Numbers and strings are never null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Totals:
    """Where the run stands when an event is written."""

    sessions: int = 0
    turns: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The part that all events share. `session_index` counts from 0."""

    type: ClassVar[str] = ""
    message: str = ""
    session_index: int = 0

    def payload(self, totals: Totals) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in _names(type(self))}  # type: ignore[arg-type]  # a class can be hashed
        standing = {"total_sessions": totals.sessions, "total_turns": totals.turns, "total_cost_usd": totals.cost_usd}
        return {"type": self.type, **own, **standing}


@cache
def _names(event: type[Event]) -> tuple[str, ...]:
    return tuple(item.name for item in fields(event))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A worker took the run. `attempt` is above 1 when another worker had it before."""

    type: ClassVar[str] = "run_started"
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    type: ClassVar[str] = "session_started"
    name: str = ""
    simulated_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Event):
    """Somebody is about to speak: a page may show that they are writing."""

    type: ClassVar[str] = "turn_started"
    turn_index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCompleted(Event):
    """One message of the transcript is there."""

    type: ClassVar[str] = "turn_completed"
    index: int = 0
    turn_index: int = 0
    role: str = ""
    content: str = ""
    simulated_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCompleted(Event):
    """`reason` is goal_met, gave_up, max_turns, script_done or error."""

    type: ClassVar[str] = "session_completed"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationCompleted(Event):
    type: ClassVar[str] = "simulation_completed"
    simulated_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationStarted(Event):
    """`kind` is quality or adaptation."""

    type: ClassVar[str] = "evaluation_started"
    kind: str = "quality"
    judge_model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score(Event):
    """One category is judged. An unscored one has `scored` false, score 0 and the reason; it stays out of every mean."""

    type: ClassVar[str] = "score"
    kind: str = "quality"
    key: str = ""
    label: str = ""
    score: float = 0.0
    scored: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCompleted(Event):
    type: ClassVar[str] = "evaluation_completed"
    score: float = 0.0
    scored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptationCompleted(Event):
    type: ClassVar[str] = "adaptation_completed"
    score: float = 0.0
    scored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying(Event):
    """A model call failed in a way that passes and is made again after `wait_seconds`, or it waits for a free place at its provider."""

    type: ClassVar[str] = "retrying"
    model: str = ""
    attempt: int = 0
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Error(Event):
    """What ended the run, in words: `error` is {code, message}."""

    type: ClassVar[str] = "error"
    error: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalStatus(Event):
    """The last event. The quality result stands under two names, since public clients read either."""

    type: ClassVar[str] = "final_status"
    status: str = ""
    error_reason: str = ""
    evaluation_result: Mapping[str, Any] = field(default_factory=dict)
    eval_result: Mapping[str, Any] = field(default_factory=dict)
    adaptation_result: Mapping[str, Any] = field(default_factory=dict)


EVENT_TYPES: dict[str, type[Event]] = {cls.type: cls for cls in Event.__subclasses__()}
