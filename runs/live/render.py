"""HTML for open run pages: the first paint's own partials as htmx out-of-band fragments. Pure rendering: a run and events in, a string out.

The consumer and the polling view call it. static/js/run.js makes it idempotent: a session or turn that is already there is not added again.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from django.template.loader import render_to_string

from runs.live import parts
from runs.live.conversation import Session, Turn, opened_session, sessions, stop_reason, turns
from runs.live.logbook import happening, log_lines
from runs.models import EvalRun, Message

Events = Sequence[dict[str, Any]]
JUDGED = {"evaluation_started", "evaluation_completed", "adaptation_completed", "final_status"}


def snapshot_html(run: EvalRun) -> str:
    """The run as it stands, whatever the page showed before. Three queries."""
    return render_to_string("runs/live_snapshot.html", {**parts.run_parts(run), "oob": True})


def update_html(run: EvalRun, events: Events) -> str:
    """What these events changed (as events.log.as_json gives them, in order). `run` is freshly loaded. At most four queries."""
    if not events:
        return ""
    messages = _messages(run, events)
    fresh, more = _conversation(run, events, messages)
    last = events[-1]
    context = {
        "run": run,
        "oob": True,
        "progress": parts.progress(run),
        "new_sessions": fresh,
        "more_turns": more,
        "ended_sessions": _ended(run, events, fresh),
        "happening": happening(run, last["type"], last, _last_role(events)),
        "cards": parts.scorecards(run, run.messages.count()) if any(event["type"] in JUDGED for event in events) else [],
        "costs": parts.cost_table(run),
        "log": log_lines(list(run.events.filter(seq__gte=events[0]["seq"], seq__lte=last["seq"]).order_by("seq"))),
        "last_seq": last["seq"],
    }
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
