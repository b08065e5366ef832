"""Where a run stands: turns done, time at work and time left. Used by `parts` and `render`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from runs import selectors
from runs.events.types import RunStarted
from runs.models import EvalRun, RunEvent
from runs.states import Status

SIMULATED = {EvalRun.Kind.SIMULATE, EvalRun.Kind.RUN_EVAL}
SHORTEST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. `elapsed` is what it took, without the `paused` time between an end and its resumption, all in seconds.

    `remaining` is None while it cannot be told; `since` is set while the clock runs, and lies `elapsed` before now.
    """

    done: int
    planned: int
    simulates: bool
    elapsed: float
    paused: float
    remaining: float | None
    since: datetime | None

    @property
    def percent(self) -> int:
        return min(round(100 * self.done / self.planned), 100) if self.planned else 0


def progress(run: EvalRun, lives: Sequence[RunEvent] = ()) -> Progress:
    """Turns done of turns planned, time since it began, and what the pace of the last turns says about the rest.

    `lives` are the events that say when it was taken up and when it ended. Nobody knows how long a run waits for a worker: while it
    does, no time left is told.
    """
    now = timezone.now()
    elapsed, paused, ticks = _times(run, lives, now)
    simulates = run.kind in SIMULATED
    left = run.planned_turns - run.total_turns
    is_driven = run.status == Status.RUNNING and simulates and run.total_turns > 1 and left > 0
    pace = selectors.pace(run=run) if is_driven else None
    remaining = None if pace is None else pace * left
    since = now - timedelta(seconds=elapsed) if ticks else None
    return Progress(run.total_turns, run.planned_turns, simulates, elapsed, paused, remaining, since)


def _times(run: EvalRun, lives: Sequence[RunEvent], now: datetime) -> tuple[float, float, bool]:
    """Seconds at work, seconds between its lives, and whether the first number grows."""
    if run.started_at is None:
        return 0.0, 0.0, False
    ends = [event.created_at for event in lives if event.type != RunStarted.type]
    if run.is_final:
        ends = ends[:-1]  # the last one is the end itself
    until = run.completed_at or now
    paused, goes_on = 0.0, True
    for end in ends:
        next_begin = next((event.created_at for event in lives if event.type == RunStarted.type and event.created_at > end), None)
        goes_on = next_begin is not None
        paused += ((next_begin or until) - end).total_seconds()
    whole = (until - run.started_at).total_seconds()
    elapsed = max(whole - paused, 0.0)
    return elapsed, paused if paused >= SHORTEST_PAUSE else 0.0, run.is_active and goes_on
