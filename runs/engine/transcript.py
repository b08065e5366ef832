"""The transcript as the engine handles it, and the protocol by which the engine writes things down. Plain Python, no Django."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from agents.llm.types import CallRecord, OnCalls
from runs.engine.outcome import Outcome
from runs.events.types import Event


class Purpose(StrEnum):
    """What a model call was made for; the values of ModelCall.Purpose."""

    USER = "user"
    AGENT = "agent"
    MEMORY = "memory"
    JUDGE = "judge"
    ADAPTATION = "adaptation"


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `index` counts over the run, `turn_index` within the session; a turn is a user message and its answer."""

    index: int
    session_index: int
    turn_index: int
    role: str
    content: str
    simulated_at: datetime | None = None
    name: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What becomes true together: new lines, the calls that were paid for, events, the run's new state, and how its trial ended."""

    lines: Sequence[Line] = ()
    purpose: Purpose = Purpose.AGENT
    calls: Sequence[CallRecord] = ()
    events: Sequence[Event] = ()
    state: Mapping[str, Any] | None = None
    simulated_minutes: int | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None


class Recorder(Protocol):
    """Writes entries, in the order in which they come."""

    async def write(self, entry: Entry) -> None:
        """Return once it is committed: the next model call may then be made."""

    def later(self, entry: Entry, within: float = 0.0) -> None:
        """Have it written soon, without waiting. For what costs nothing and follows from what is committed."""

    def with_next(self, entry: Entry) -> None:
        """Have it written with the next entry. For what was paid for, when that entry follows at once: nobody is asked before it."""


def keeps(recorder: Recorder, purpose: Purpose) -> OnCalls:
    """What a model gives the records of its calls to, while there are more to come."""

    async def keep(calls: Sequence[CallRecord]) -> None:
        await recorder.write(Entry(purpose=purpose, calls=calls))

    return keep
