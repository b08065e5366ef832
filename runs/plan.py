"""What a run will do, worked out from what was asked for. Plain data, no Django; services store it and the engine follows it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

DEFAULT_SESSIONS = 1
DEFAULT_TURNS = 5
DEFAULT_GAP_HOURS = 24
MAX_SESSIONS = 100
MAX_TURNS = 500
MINUTES_A_TURN = 2


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """One session: the clock moves `gap_minutes`, the script is said word for word, then the persona speaks freely up to `max_turns`."""

    name: str
    gap_minutes: int
    script: tuple[str, ...] = ()
    max_turns: int = DEFAULT_TURNS

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SessionPlan":
        return cls(str(data["name"]), int(data["gap_minutes"]), tuple(data["script"]), int(data["max_turns"]))


def plan_sessions(sessions: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> list[SessionPlan]:
    """The sessions of a run from the API's `sessions` and `simulation_config`; both may be empty.

    Given sessions are what runs, at most `max_sessions` of them. Without any, the persona speaks freely in `max_sessions` sessions.
    A scripted session stops after its script, unless `max_turns_per_session` asks for more: then free turns follow up to that number.
    A session's own `max_turns` goes before; the API has no such key, the form of a new run does.
    """
    limit = int(config.get("max_sessions") or 0)
    wanted: Sequence[Mapping[str, Any]] = sessions[: limit or None] or [{}] * (limit or DEFAULT_SESSIONS)
    return [_plan(index, session, config, len(wanted)) for index, session in enumerate(wanted)]


def _plan(index: int, session: Mapping[str, Any], config: Mapping[str, Any], count: int) -> SessionPlan:
    script = tuple(str(turn["user_message"]) for turn in session.get("turns") or [])
    asked = int(config.get("max_turns_per_session") or 0)
    asked = int(session.get("max_turns") or asked)
    max_turns = max(len(script), asked) if script else asked or DEFAULT_TURNS
    return SessionPlan(str(session.get("name") or f"Session {index + 1}"), _gap(index, session, config, count), script, max_turns)


def _gap(index: int, session: Mapping[str, Any], config: Mapping[str, Any], count: int) -> int:
    """Minutes the clock moves before this session. The first one starts at once, unless its own gap says otherwise."""
    own = session.get("time_gap_hours")
    if own or index == 0:
        return int(float(own or 0) * 60)
    if config.get("inter_session_gap_hours"):
        return int(float(config["inter_session_gap_hours"]) * 60)
    if own is not None:  # the contract makes clients send a gap; a 0 means none only where the run has no common gap
        return 0
    if config.get("simulated_duration_hours"):
        return int(float(config["simulated_duration_hours"]) * 60 / (count - 1))
    return DEFAULT_GAP_HOURS * 60


def planned_turns(plans: Sequence[SessionPlan]) -> int:
    """User turns at most: what a progress bar counts towards."""
    return sum(plan.max_turns for plan in plans)
