"""What the partials of the run page know: one dict for the first paint and for a snapshot, so both show the same. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from runs import selectors
from runs.live.conversation import Session, opened_session, sessions
from runs.live.logbook import happening, log_lines
from runs.live.scorecard import Scorecard, scorecard
from runs.models import EvalRun, Message, RunEvent
from runs.selectors import CostRow
from runs.states import Status

EVENTS_SHOWN = 300
SIMULATED = {EvalRun.Kind.SIMULATE, EvalRun.Kind.RUN_EVAL}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. `remaining` is seconds, None while it cannot be told; `since` is set while the clock runs."""

    done: int
    planned: int
    simulates: bool
    elapsed: float
    remaining: float | None
    since: datetime | None

    @property
    def percent(self) -> int:
        return min(round(100 * self.done / self.planned), 100) if self.planned else 0


def progress(run: EvalRun) -> Progress:
    """Turns done of turns planned, time since it began, and what the pace of the last turns says about the rest.

    Nobody knows how long a run waits for a worker: while it does, no time left is told.
    """
    since = run.started_at
    end = run.completed_at or timezone.now()
    elapsed = (end - since).total_seconds() if since else 0.0
    simulates = run.kind in SIMULATED
    left = run.planned_turns - run.total_turns
    is_driven = run.status == Status.RUNNING and simulates and run.total_turns > 1 and left > 0
    pace = selectors.pace(run=run) if is_driven else None
    remaining = None if pace is None else pace * left
    return Progress(run.total_turns, run.planned_turns, simulates, elapsed, remaining, since if run.is_active else None)


@dataclass(frozen=True, slots=True)
class CostTable:
    """Rows by purpose and model, and their sum."""

    rows: Sequence[CostRow]

    @property
    def total(self) -> float:
        return float(sum(row.price_usd for row in self.rows))

    @property
    def unpriced(self) -> int:
        return sum(row.unpriced for row in self.rows)


def cost_table(run: EvalRun) -> CostTable:
    return CostTable(selectors.costs(run=run))


def scorecards(run: EvalRun, message_count: int) -> list[Scorecard]:
    """Quality, then adaptation. A run that was never to be judged has one card that says so."""
    cards = [scorecard(run, "quality", message_count), scorecard(run, "adaptation", message_count)]
    return [card for card in cards if card.kind == "quality" or card.state != "none"]


def latest_events(run: EvalRun, limit: int | None) -> list[RunEvent]:
    """The newest events, oldest of them first; all without a limit."""
    newest = run.events.order_by("-seq")
    return list(newest if limit is None else newest[:limit])[::-1]


def _still_silent(run: EvalRun, messages: Sequence[Message], events: Sequence[RunEvent]) -> list[Session]:
    """A session that has begun, but in which nobody has spoken: the page needs its place before the first turn comes."""
    begun = [event.payload for event in events if event.type == "session_started"]
    spoken = messages[-1].session_index if messages else -1
    return [opened_session(run, item["session_index"], item["simulated_at"]) for item in begun if item["session_index"] > spoken]


def run_parts(run: EvalRun, *, events_limit: int | None = EVENTS_SHOWN) -> dict[str, Any]:
    """Everything the partials show. Three queries beside the run itself, and one more while it goes on."""
    messages = list(selectors.transcript(run=run))
    events = latest_events(run, events_limit)
    last = events[-1] if events else None
    role = messages[-1].role if messages else ""
    return {
        "run": run,
        "progress": progress(run),
        "sessions": [*sessions(run, messages), *_still_silent(run, messages, events)],
        "happening": happening(run, last.type if last else "", last.payload if last else {}, role),
        "cards": scorecards(run, len(messages)),
        "costs": cost_table(run),
        "log": log_lines(events),
        "log_earlier": events[0].seq if events else 0,
        "last_seq": last.seq if last else -1,
    }
