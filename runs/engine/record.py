"""Turns the engine's entries into rows of the journal: numbers events, sums costs, keeps the run's columns in step.

One recorder a driven run.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from agents.llm.types import CallRecord
from runs.engine.journal import Journal
from runs.engine.lease import Lease
from runs.engine.steps import Step
from runs.engine.transcript import Entry, Purpose
from runs.events import log
from runs.events.types import Event, Totals
from runs.models import EvalRun, Verdict

SOON_SECONDS = 0.05  # within which what is held back for the next commit is written, should that not come
EVALUATION = {Purpose.JUDGE, Purpose.ADAPTATION}


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An entry in line. `written` is of whoever waits for it, None where nobody does."""

    entry: Entry
    verdicts: Sequence[Verdict] = ()
    written: asyncio.Future[None] | None = None


class RunRecorder:
    """The Recorder of one run. Totals live here while the run is driven, and in the row with every commit."""

    def __init__(self, run: EvalRun, lease: Lease, journal: Journal) -> None:
        self.run = run
        self._lease = lease
        self._journal = journal
        self._waiting: deque[_Waiting] = deque()
        self._under_way: asyncio.Future[None] | None = None
        self._failed: BaseException | None = None
        self.calls = 0
        self._before: dict[str, Any] = {}

    async def write(self, entry: Entry) -> None:
        await self.commit(entry)

    def note(self, *events: Event) -> None:
        """Events without anything else, written soon."""
        self.later(Entry(events=events))

    def later(self, entry: Entry, within: float = 0.0) -> None:
        """Have it written in so many seconds, or with the commit that comes before that. The next commit says if it failed."""
        if entry.calls or entry.outcome or any(line.role != "user" for line in entry.lines):
            raise ValueError("What was paid for is waited for.")
        self._hold(entry, within)

    def with_next(self, entry: Entry) -> None:
        """Have it written with the next commit, which follows at once: nothing but thinking about it is left to do."""
        self._hold(entry, SOON_SECONDS)

    def _hold(self, entry: Entry, within: float) -> None:
        self._waiting.append(_Waiting(entry))
        asyncio.get_running_loop().call_later(within, self._send)

    async def settle(self) -> None:
        """Return once all that was handed over is committed. Raises what kept it from being so."""
        self._send()
        while self._under_way:
            await asyncio.wait([self._under_way])
        self._say_failure()

    async def commit(self, entry: Entry, *, verdicts: Sequence[Verdict] = ()) -> None:
        """Write an entry and verdicts with it, and in the same commit what was to be written before. Raises LeaseLost.

        It is in line before anything is awaited: who is cancelled here loses nothing of it.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(entry, verdicts, written))
        self._send()
        await written
        self._say_failure()  # after the entry, which was paid for, is written

    def _say_failure(self) -> None:
        failed, self._failed = self._failed, None
        if failed:
            raise failed

    def _send(self) -> None:
        """Hand over the next step, unless one is under way: what fails must leave no gap in the numbers of those behind it."""
        while self._waiting and not self._under_way:
            group = self._next()
            self._before = {"next_seq": self.run.next_seq}
            try:
                step = self._step(group)
            except Exception as error:
                self._told(group, self._before, error)
            else:
                self._under_way = self._journal.hand_over(step)
                self._under_way.add_done_callback(partial(self._written, group, self._before))

    def _next(self) -> list["_Waiting"]:
        """What becomes one commit: all that nobody waits for, and the first that somebody does. Calls are of one purpose."""
        group = [self._waiting.popleft()]
        while self._waiting and group[-1].written is None and not (self._waiting[0].entry.calls and any(one.entry.calls for one in group)):
            group.append(self._waiting.popleft())
        return group

    def _written(self, group: Sequence["_Waiting"], before: Mapping[str, Any], commit: asyncio.Future[None]) -> None:
        self._under_way = None
        self._told(group, before, commit.exception())
        self._send()

    def _told(self, group: Sequence["_Waiting"], before: Mapping[str, Any], error: BaseException | None) -> None:
        """Tell who waits. What is not written leaves no trace: numbers and sums go back."""
        if error:
            for name, value in before.items():
                setattr(self.run, name, value)
        written = group[-1].written
        if written is None:
            self._failed = error or self._failed
        elif written.cancelled():
            return
        elif error:
            written.set_exception(error)
        else:
            written.set_result(None)

    def _step(self, group: Sequence["_Waiting"]) -> Step:
        """A group as one step."""
        columns: dict[str, Any] = {}
        events: list[log.Numbered] = []
        for waiting in group:
            columns |= self._columns(waiting.entry, waiting.verdicts)
            events += log.numbered(self.run.next_seq, waiting.entry.events, self._totals())
            self.run.next_seq += len(waiting.entry.events)
        entries = [waiting.entry for waiting in group]
        asked = next((entry for entry in entries if entry.calls), entries[-1])
        self.calls += len(asked.calls)
        return Step(
            lease=self._lease,
            project_id=self.run.project_id,
            columns={**columns, "next_seq": self.run.next_seq},
            lines=[line for entry in entries for line in entry.lines],
            purpose=asked.purpose,
            calls=asked.calls,
            verdicts=group[-1].verdicts,
            events=events,
            outcome=entries[-1].outcome,
        )

    def _columns(self, entry: Entry, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """The run's columns that this entry changes, kept on the run in memory too."""
        changed: dict[str, Any] = dict(entry.columns)
        if entry.state is not None and entry.state != self.run.simulation_state:  # a turn in the middle of a session changes nothing
            changed["simulation_state"] = dict(entry.state)
        if entry.simulated_minutes is not None:
            changed["simulated_minutes"] = entry.simulated_minutes
        if entry.lines:
            changed["total_turns"] = self.run.total_turns + sum(line.role == "user" for line in entry.lines)
            changed["total_sessions"] = max(self.run.total_sessions, entry.lines[-1].session_index + 1)
        if (entry.lines or verdicts) and self.run.attempt > 1:
            changed["attempt"] = 1  # it got on: only tries in a row that do not are counted against max_attempts
        if entry.calls:
            changed |= self._costs(entry.purpose, entry.calls)
        for name, value in changed.items():
            self._before.setdefault(name, getattr(self.run, name))
            setattr(self.run, name, value)
        return changed

    def _costs(self, purpose: Purpose, calls: Sequence[CallRecord]) -> Mapping[str, Any]:
        column = "evaluation_cost_usd" if purpose in EVALUATION else "simulation_cost_usd"
        spent = sum((call.price_usd for call in calls if call.price_usd is not None), Decimal(0))
        unpriced = sum(call.is_unpriced for call in calls)
        return {column: Decimal(getattr(self.run, column)) + spent, "unpriced_calls": self.run.unpriced_calls + unpriced}

    def _totals(self) -> Totals:
        return Totals(self.run.total_sessions, self.run.total_turns, self.run.total_cost_usd)
