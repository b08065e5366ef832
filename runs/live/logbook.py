"""One line of words for every event of the log, and the one sentence about what happens right now. Used by `parts` and `render`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalhub.common import formatting
from runs.live.conversation import speaker
from runs.models import EvalRun, RunEvent

SHOWN_CHARACTERS = 140


@dataclass(frozen=True, slots=True)
class LogLine:
    """A numbered event as a row."""

    seq: int
    type: str
    text: str
    created_at: datetime


def log_lines(events: Sequence[RunEvent]) -> list[LogLine]:
    return [LogLine(event.seq, event.type, describe(event.type, event.payload), event.created_at) for event in events]


def describe(kind: str, payload: Mapping[str, Any]) -> str:
    """What an event says: its own message, or words made of its fields."""
    words = _WORDS.get(kind)
    text = str(payload.get("message") or (words(payload) if words else ""))
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _scored(payload: Mapping[str, Any]) -> str:
    return formatting.score(payload["score"]) if payload.get("scored") else "unscored"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "run_started": lambda event: (
        "A worker took the run." if event.get("attempt", 1) == 1 else f"Worker number {event['attempt']} took the run over."
    ),
    "turn_started": lambda event: f"Turn {event.get('turn_index', 0) + 1} begins.",
    "turn_completed": lambda event: f"{event.get('role', '')}: {event.get('content', '')}",
    "session_completed": lambda event: str(event.get("reason", "")).replace("_", " "),
    "evaluation_started": lambda event: f"{event.get('judge_model') or 'The judge'} reads for {event.get('kind', 'quality')}.",
    "score": lambda event: f"{event.get('label') or event.get('key', '')}: {_scored(event)}",
    "evaluation_completed": lambda event: f"Quality: {_scored(event)}",
    "adaptation_completed": lambda event: f"Adaptation: {_scored(event)}",
    "error": lambda event: str(event.get("error", {}).get("message", "")),
    "final_status": lambda event: str(event.get("status", "")),
}


def happening(run: EvalRun, last_type: str, last_payload: Mapping[str, Any], last_role: str) -> str:
    """Who is writing now, in one sentence; "" when nobody is. `last_*` are the newest event and the newest message's role."""
    if not run.is_active:
        return ""
    if run.cancel_requested_at:
        return "Stopping before the next turn…"
    if not last_type:
        return "Waiting for a worker…"
    if last_type == "turn_started":
        return f"{speaker(run, 'assistant' if last_role == 'user' else 'user')} is writing…"
    if last_type == "turn_completed" and last_payload.get("role") in {"user", "tool"}:
        return f"{run.agent_name} is writing…"
    if last_type in {"evaluation_started", "score"}:
        return "The judge is reading the conversation…"
    return str(last_payload.get("message", "")) if last_type == "retrying" else ""
