"""A transcript as the page shows it: sessions with the simulated time between them, turns with what is folded. Used by `parts` only.

Everything in it was written by models or strangers: the templates print it as text, escaped, and never as markup.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from evalhub.common import formatting
from evalhub.common.jsontext import BadJSON, read_json
from runs.models import EvalRun, Message
from runs.reading import Span

STOP_REASONS = {
    "goal_met": "the user's goal was met",
    "gave_up": "the user gave up",
    "max_turns": "the turn limit was reached",
    "script_done": "the script was finished",
    "error": "an error ended it",
}


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. A folded one (system, tool) shows its summary until it is opened."""

    index: int
    role: str
    who: str
    content: str
    folded: bool
    summary: str
    tool_calls: Sequence[ToolCall]
    simulated_at: datetime | None


@dataclass(slots=True)
class Session:
    """One session: when it begins on the simulated clock, what was said, and why it ended ("" while it goes on)."""

    index: int
    name: str
    gap: str
    starts: datetime | None
    turns: list[Turn] = field(default_factory=list)
    ended: str = ""


def sessions(run: EvalRun, messages: Iterable[Message], spans: Sequence[Span] = ()) -> list[Session]:
    """A stretch of the transcript, session by session. `messages` are in order.

    `spans` say where sessions begin and end beyond the stretch; without them every session of it is taken for whole.
    """
    known = {span.session: span for span in spans}
    shown: list[Session] = []
    for index, group in groupby(messages, key=lambda message: message.session_index):
        rows, span = list(group), known.get(index)
        ended = stop_reason(run, index) if span is None or rows[-1].index == span.last else ""
        starts = span.starts if span else rows[0].simulated_at
        shown.append(Session(index, session_name(run, index), session_gap(run, index), starts, turns(run, rows), ended))
    return shown


def opened_session(run: EvalRun, index: int, starts: str) -> Session:
    """A session in which nothing has been said yet. `starts` is ISO or ""."""
    return Session(index, session_name(run, index), session_gap(run, index), datetime.fromisoformat(starts) if starts else None)


def turns(run: EvalRun, messages: Sequence[Message]) -> list[Turn]:
    """Messages as turns. A tool's answer is named by the call it answers."""
    calls = [call for message in messages for call in message.tool_calls or [] if isinstance(call, dict)]
    names = {call["id"]: str(_function(call).get("name", "")) for call in calls if isinstance(call.get("id"), str)}
    return [_turn(run, message, names) for message in messages]


def _turn(run: EvalRun, message: Message, names: Mapping[str, str]) -> Turn:
    tool = message.name or names.get(message.tool_call_id, "")
    return Turn(
        index=message.index,
        role=message.role,
        who=speaker(run, message.role),
        content=message.content,
        folded=message.role in {"system", "tool"},
        summary="System message" if message.role == "system" else f"Result of {tool}" if tool else "Tool result",
        tool_calls=[_tool_call(call) for call in message.tool_calls or []],
        simulated_at=message.simulated_at,
    )


def speaker(run: EvalRun, role: str) -> str:
    """The name over a turn: the agent's, the persona's, or the role where there is none."""
    if role == "assistant":
        return run.agent_name
    if role == "user":
        return str(run.user_persona.get("name") or "User")
    return role.capitalize()


def _function(call: object) -> dict[str, Any]:
    """The function part of a tool call, whichever shape a pasted transcript has it in."""
    if not isinstance(call, dict):
        return {}
    function = call.get("function", call)
    return function if isinstance(function, dict) else {}


def _tool_call(call: object) -> ToolCall:
    function = _function(call)
    return ToolCall(str(function.get("name") or "a tool"), pretty(function.get("arguments", "")))


def pretty(value: object) -> str:
    """JSON laid out for reading; a string that holds JSON is read first, any other stays as it is."""
    if isinstance(value, str):
        try:
            value = read_json(value)
        except BadJSON:
            return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2)


def session_name(run: EvalRun, index: int) -> str:
    plan = run.sessions[index] if index < len(run.sessions) else {}
    return str(plan.get("name") or f"Session {index + 1}")


def session_gap(run: EvalRun, index: int) -> str:
    """How far the simulated clock moved before a session, in words."""
    plan = run.sessions[index] if 0 < index < len(run.sessions) else {}
    return formatting.gap(int(plan.get("gap_minutes", 0)))


def stop_reason(run: EvalRun, index: int) -> str:
    """Why a session ended, in words; "" while it goes on or where nothing was simulated."""
    reason = "error" if run.simulation_state.get("failed_session") == index else _stored_reason(run.simulation_state, index)
    return STOP_REASONS.get(reason, reason.replace("_", " "))


def _stored_reason(state: Mapping[str, Any], index: int) -> str:
    """`evaluate` takes any object for a state, so none of its shape can be relied on."""
    ended = state.get("sessions")
    session = ended[index] if isinstance(ended, list) and index < len(ended) else {}
    reason = session.get("reason") if isinstance(session, dict) else ""
    return reason if isinstance(reason, str) else ""
