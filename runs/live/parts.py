"""What the partials of the run page know: one dict for the first paint and for a snapshot, so both show the same. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runs import reading, selectors
from runs.live.changes import changes
from runs.live.configuration import facts
from runs.live.conversation import Session, opened_session, session_name, sessions
from runs.live.logbook import happening, log_lines
from runs.live.memory import memory
from runs.live.progress import progress
from runs.live.scorecard import Scorecard, has_samples, scorecard
from runs.models import EvalRun, Message, RunEvent
from runs.reading import Place, Span
from runs.selectors import CostRow


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

    @property
    def calls(self) -> int:
        return sum(row.calls for row in self.rows)

    @property
    def failed(self) -> int:
        return sum(row.failed for row in self.rows)

    @property
    def input_tokens(self) -> int:
        return sum(row.input_tokens for row in self.rows)

    @property
    def output_tokens(self) -> int:
        return sum(row.output_tokens for row in self.rows)


def cost_table(run: EvalRun) -> CostTable:
    return CostTable(selectors.costs(run=run))


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """Where a session begins in the transcript."""

    name: str
    first: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the transcript as the page shows it, of `count` messages in all.

    `earlier` and `later` are its first and last message where more lies before or after them, None at either end.
    """

    sessions: Sequence[Session]
    places: Sequence[SessionPlace]
    count: int
    earlier: int | None = None
    later: int | None = None


def stretch(run: EvalRun, spans: Sequence[Span], messages: Sequence[Message]) -> Stretch:
    """The messages in their sessions, with what lies before and after them."""
    count = reading.length(spans)
    first, last = (messages[0].index, messages[-1].index) if messages else (0, count - 1)
    return Stretch(
        sessions(run, messages, spans),
        [SessionPlace(session_name(run, span.session), span.first) for span in spans],
        count,
        earlier=first if first > 0 else None,
        later=last if last + 1 < count else None,
    )


def judged(run: EvalRun, spans: Sequence[Span]) -> dict[str, Any]:
    """Quality, then adaptation, and what changed from session to session. A run never to be judged has one card that says so.

    One query where samples differ.
    """
    count = reading.length(spans)
    said = reading.verdicts(run=run) if has_samples(run) else []
    cards = [scorecard(run, kind, count, said) for kind in ("quality", "adaptation")]
    shown = [card for card in cards if card.kind == "quality" or card.state != "none"]
    return {"cards": _without_the_empty(shown), "changes": changes(run, spans, cards[1])}


def _without_the_empty(cards: Sequence[Scorecard]) -> Sequence[Scorecard]:
    """A run judged for adaptation alone needs no card that says it has no quality template."""
    return [card for card in cards if card.state != "none"] or cards


def _still_silent(run: EvalRun, shown: Stretch, events: Sequence[RunEvent]) -> list[Session]:
    """A session that has begun, but in which nobody has spoken: the page needs its place before the first turn comes."""
    if shown.later is not None:
        return []
    begun = [event.payload for event in events if event.type == "session_started"]
    spoken = shown.sessions[-1].index if shown.sessions else -1
    return [opened_session(run, item["session_index"], item["simulated_at"]) for item in begun if item["session_index"] > spoken]


def _last_role(events: Sequence[RunEvent]) -> str:
    """Who spoke last, wherever in the transcript the page stands."""
    said = (event.payload["role"] for event in reversed(events) if event.type == "turn_completed")
    return next(said, "")


def run_parts(run: EvalRun, *, place: Place | None = None, log_before: int | None = None) -> dict[str, Any]:
    """Everything the partials show, however long the run is: five queries beside the run itself, and up to two more.

    One more while it goes on, one where a judge was asked more than once.
    """
    spans = reading.spans(run=run)
    messages = reading.window(run=run, place=place)
    log = reading.log_window(run=run, before=log_before)
    shown = stretch(run, spans, messages)
    last = log.lines[-1] if log.lines else None
    return {
        "run": run,
        "progress": progress(run, log.lives),
        "stretch": shown,
        "sessions": [*shown.sessions, *_still_silent(run, shown, log.lines)],
        "happening": happening(run, last.type if last else "", last.payload if last else {}, _last_role(log.lines)),
        "facts": facts(run),
        "memory": memory(run),
        "costs": cost_table(run),
        "log": log_lines(log.lines),
        "log_earlier": log.first,
        "last_seq": run.next_seq - 1,
    } | judged(run, spans)
