"""HTML for open run pages: the first paint's own partials as htmx out-of-band fragments. Pure rendering: a run and events in, a string out.

The consumer and the polling view call it. static/js/run.js makes it idempotent: a session or turn that is already there is not added again.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string

from runs import reading
from runs.events import log as logs
from runs.live import parts
from runs.live.configuration import facts
from runs.live.conversation import Session, Turn, opened_session, sessions, stop_reason, turns
from runs.live.logbook import happening, log_lines
from runs.live.memory import memory
from runs.live.progress import progress
from runs.models import EvalRun, Message
from runs.reading import Place

Events = Sequence[dict[str, Any]]
JUDGED = {"evaluation_started", "evaluation_completed", "adaptation_completed", "final_status"}
MOST_EVENTS = 300  # that are told one by one: who is further behind is told how things stand
REMEMBERED = {"session_completed", "simulation_completed", "final_status"}


def snapshot_html(run: EvalRun) -> str:
    """The run as it stands, whatever the page showed before: of the transcript its end, however long it is."""
    return render_to_string("runs/live_snapshot.html", {**parts.run_parts(run), "oob": True})


def since_html(run: EvalRun, after: int | None) -> str:
    """What a page has to be told that knows the run up to event `after`; a snapshot where it knows nothing, or too little."""
    if after is None or run.next_seq - after > MOST_EVENTS:
        return snapshot_html(run)
    return update_html(run, [event for event in logs.read_after(run.id, after, MOST_EVENTS) if event["seq"] < run.next_seq])


def transcript_html(run: EvalRun, place: Place) -> str:
    """More of the transcript for a page that has some: the messages before or after those it shows, or another stretch in their place."""
    spans = reading.spans(run=run)
    shown = parts.stretch(run, spans, reading.window(run=run, place=place))
    known = place.before if place.before is not None else place.after
    if known is None:
        return render_to_string("runs/_window.html", {"run": run, "stretch": shown, "sessions": shown.sessions})
    shared = next((span.session for span in spans if span.holds(known)), None)
    context = {
        "run": run,
        "oob": True,
        "stretch": shown,
        "where": "afterbegin" if place.before is not None else "beforeend",
        "new_sessions": [session for session in shown.sessions if session.index != shared],
        "known_session": next((session for session in shown.sessions if session.index == shared), None),
        "earlier": place.before is not None,
    }
    return render_to_string("runs/more_turns.html", context)


def log_html(run: EvalRun, before: int) -> str:
    """The lines of the log before those that a page shows."""
    log = reading.log_window(run=run, before=before)
    return render_to_string("runs/more_log.html", {"run": run, "log": log_lines(log.lines), "log_earlier": log.first})


def update_html(run: EvalRun, events: Events) -> str:
    """What these events changed (as events.log.as_json gives them, in order). `run` is freshly loaded. At most seven queries."""
    if not events:
        return ""
    kinds = {event["type"] for event in events}
    messages = _messages(run, events)
    fresh, more = _conversation(run, events, messages)
    last = events[-1]
    log = reading.log_between(run=run, first=events[0]["seq"], end=last["seq"] + 1)
    context: dict[str, Any] = {
        "run": run,
        "oob": True,
        "progress": progress(run, log.lives),
        "new_sessions": fresh,
        "more_turns": more,
        "ended_sessions": _ended(run, events, fresh),
        "happening": happening(run, last["type"], last, _last_role(events)),
        "facts": facts(run) if "run_started" in kinds else None,
        "memory": memory(run) if kinds & REMEMBERED else None,
        "costs": parts.cost_table(run),
        "log": log_lines(log.lines),
        "last_seq": last["seq"],
    }
    if kinds & JUDGED | kinds & {"session_started"}:
        spans = reading.spans(run=run)
        context["stretch"] = parts.stretch(run, spans, [])
        context |= parts.judged(run, spans) if kinds & JUDGED else {}
    return render_to_string("runs/live_update.html", context)


def _of(events: Events, kind: str) -> Iterable[dict[str, Any]]:
    return (event for event in events if event["type"] == kind)


def _messages(run: EvalRun, events: Events) -> list[Message]:
    indexes = [event["index"] for event in _of(events, "turn_completed")]
    return list(run.messages.filter(index__gte=min(indexes), index__lte=max(indexes)).order_by("index")) if indexes else []


def _conversation(run: EvalRun, events: Events, messages: Sequence[Message]) -> tuple[list[Session], list[tuple[int, list[Turn]]]]:
    """Sessions that began, with what was said in them already, and turns that belong to sessions the page has."""
    begun = {
        event["session_index"]: opened_session(run, event["session_index"], event["simulated_at"])
        for event in _of(events, "session_started")
    }
    begun |= {session.index: session for session in sessions(run, messages) if session.index in begun}
    others = groupby((message for message in messages if message.session_index not in begun), key=lambda message: message.session_index)
    return list(begun.values()), [(index, turns(run, list(group))) for index, group in others]


def _ended(run: EvalRun, events: Events, fresh: Sequence[Session]) -> list[tuple[int, str]]:
    """Why sessions ended that are on the page already."""
    shown_whole = {session.index for session in fresh if session.ended}
    ended = (event["session_index"] for event in _of(events, "session_completed"))
    return [(index, stop_reason(run, index)) for index in ended if index not in shown_whole]


def _last_role(events: Events) -> str:
    """The role of the newest message these events tell of; "" stands for a new turn of the user."""
    roles = [event["role"] for event in _of(events, "turn_completed")]
    return roles[-1] if roles else ""
