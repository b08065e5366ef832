"""What the page of one run reads besides the run: a window of its transcript, what its sessions span, its log, its verdicts.

Each is one query whose answer does not grow with the run, but for `spans`, which has a row a session. Used by `live` and `web`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import Length

from runs.events.types import FinalStatus, RunStarted
from runs.models import EvalRun, Message, RunEvent, Verdict

WINDOW = 100
LOG_WINDOW = 100
LIVES = (RunStarted.type, FinalStatus.type)
USER, AGENT = Q(role=Message.Role.USER), Q(role=Message.Role.ASSISTANT)


@dataclass(frozen=True, slots=True)
class Place:
    """Which stretch of a transcript is meant; all None for its end."""

    before: int | None = None
    after: int | None = None
    around: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """One session as it stands in the transcript: its first and last message, when it began, and how much each side said (characters)."""

    session: int
    first: int
    last: int
    starts: datetime | None
    user_messages: int
    agent_messages: int
    user_characters: int
    agent_characters: int

    def holds(self, index: int) -> bool:
        return self.first <= index <= self.last


def spans(*, run: EvalRun) -> list[Span]:
    """A span a session, in order. They also say how long the transcript is: `length`."""
    grouped = run.messages.order_by().values("session_index")
    rows = grouped.annotate(
        first=Min("index"),
        last=Max("index"),
        starts=Min("simulated_at"),
        user_messages=Count("id", filter=USER),
        agent_messages=Count("id", filter=AGENT),
        user_characters=Sum(Length("content"), filter=USER),
        agent_characters=Sum(Length("content"), filter=AGENT),
    )
    return sorted((_span(**row) for row in rows), key=lambda span: span.first)


def _span(*, session_index: int, user_characters: int | None, agent_characters: int | None, **rest: Any) -> Span:
    """A sum over no messages is None."""
    return Span(session=session_index, user_characters=user_characters or 0, agent_characters=agent_characters or 0, **rest)


def length(found: Sequence[Span]) -> int:
    """How many messages there are: they are numbered from 0 without gaps."""
    return max((span.last for span in found), default=-1) + 1


def window(*, run: EvalRun, place: Place | None = None) -> list[Message]:
    """Up to WINDOW messages in order: the last ones, or those at a place."""
    place = place or Place()
    said = run.messages
    if place.around is not None:
        return list(said.filter(index__gte=place.around - WINDOW // 2).order_by("index")[:WINDOW])
    if place.after is not None:
        return list(said.filter(index__gt=place.after).order_by("index")[:WINDOW])
    if place.before is not None:
        said = said.filter(index__lt=place.before)  # type: ignore[assignment]  # a manager and a set are asked alike
    return list(said.order_by("-index")[:WINDOW])[::-1]


@dataclass(frozen=True, slots=True)
class Log:
    """Lines of the log in order, and all events that say when the run was taken up and when it ended."""

    lines: Sequence[RunEvent]
    lives: Sequence[RunEvent]

    @property
    def first(self) -> int:
        return self.lines[0].seq if self.lines else 0


def log_window(*, run: EvalRun, before: int | None = None) -> Log:
    """The last LOG_WINDOW events before a number, those of the row as it was read at the most."""
    end = run.next_seq if before is None else min(before, run.next_seq)
    return log_between(run=run, first=max(end - LOG_WINDOW, 0), end=end)


def log_between(*, run: EvalRun, first: int, end: int) -> Log:
    """The events from `first` up to, not with, `end`."""
    rows = list(run.events.filter(Q(seq__gte=first, seq__lt=end) | Q(type__in=LIVES)).order_by("seq"))
    lives = [row for row in rows if row.type in LIVES and row.seq < run.next_seq]
    return Log([row for row in rows if first <= row.seq < end], lives)


def verdicts(*, run: EvalRun) -> list[Verdict]:
    """What each judge said in each sample."""
    return list(run.verdicts.order_by("kind", "sample", "id"))
