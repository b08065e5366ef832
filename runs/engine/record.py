"""Turns the engine's entries into rows of the journal: numbers events, sums costs, keeps the run's columns in step.

One recorder a driven run.
"""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from agents.llm.types import CallRecord
from runs.engine.journal import Journal
from runs.engine.lease import Lease
from runs.engine.steps import Step
from runs.engine.transcript import Entry, Purpose
from runs.events import log
from runs.events.types import Event, Totals
from runs.models import EvalRun, Verdict

EVALUATION = {Purpose.JUDGE, Purpose.ADAPTATION}


class RunRecorder:
    """The Recorder of one run. Totals live here while the run is driven, and in the row with every commit."""

    def __init__(self, run: EvalRun, lease: Lease, journal: Journal) -> None:
        self.run = run
        self._lease = lease
        self._journal = journal
        # A judge's samples are asked for at once; event numbers must be given out in the order of the commits.
        self._lock = asyncio.Lock()
        self.calls = 0
        self._before: dict[str, Any] = {}

    async def write(self, entry: Entry) -> None:
        await self.commit(entry)

    async def note(self, *events: Event) -> None:
        """Events without anything else."""
        await self.commit(Entry(events=events))

    async def commit(self, entry: Entry, *, verdicts: Sequence[Verdict] = ()) -> None:
        """Write an entry, and verdicts with it. Raises LeaseLost."""
        async with self._lock:
            self.calls += len(entry.calls)
            columns, before = self._columns(entry, verdicts), self._before
            events = log.numbered(self.run.next_seq, entry.events, self._totals())
            self.run.next_seq += len(events)
            step = Step(
                lease=self._lease,
                project_id=self.run.project_id,
                columns={**columns, "next_seq": self.run.next_seq},
                lines=entry.lines,
                purpose=entry.purpose,
                calls=entry.calls,
                verdicts=verdicts,
                events=events,
            )
            try:
                await self._journal.commit(step)
            except Exception:
                # Not written: numbers and sums go back, so that what follows leaves no gap.
                # A wait that is cancelled is no Exception: its step is handed over and will be written.
                for name, value in before.items():
                    setattr(self.run, name, value)
                raise

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
        self._before = {name: getattr(self.run, name) for name in [*changed, "next_seq"]}
        for name, value in changed.items():
            setattr(self.run, name, value)
        return changed

    def _costs(self, purpose: Purpose, calls: Sequence[CallRecord]) -> Mapping[str, Any]:
        column = "evaluation_cost_usd" if purpose in EVALUATION else "simulation_cost_usd"
        spent = sum((call.price_usd for call in calls if call.price_usd is not None), Decimal(0))
        unpriced = sum(call.price_usd is None and not call.error for call in calls)
        return {column: Decimal(getattr(self.run, column)) + spent, "unpriced_calls": self.run.unpriced_calls + unpriced}

    def _totals(self) -> Totals:
        return Totals(self.run.total_sessions, self.run.total_turns, self.run.total_cost_usd)
