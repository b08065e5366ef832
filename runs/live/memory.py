"""What a hosted agent keeps between sessions, readable: its memory of the user and its diary. For `parts`.

`evaluate` takes any object for a state, so none of its shape is relied on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runs.live.conversation import session_name
from runs.models import EvalRun


@dataclass(frozen=True, slots=True)
class Entry:
    """What the agent wrote after a session."""

    session: str
    text: str


@dataclass(frozen=True, slots=True)
class Memory:
    """`expected` is whether there is, or will be, anything to show. `facts` are the memory's lines, `after` the session it is from."""

    expected: bool
    facts: Sequence[str]
    after: str
    diary: Sequence[Entry]


def memory(run: EvalRun) -> Memory:
    config, state = run.simulation_config, run.simulation_state
    facts, diary = _lines(state.get("memory")), _diary(run)
    asked = bool(config.get("enable_consolidation") or config.get("enable_diary"))
    last = state.get("memory_of")
    after = session_name(run, last) if facts and isinstance(last, int) and last >= 0 else ""
    return Memory(asked or bool(facts or diary), facts, after, diary)


def _lines(text: object) -> list[str]:
    """A memory is one fact a line, most with a dash before it."""
    found = (line.strip().removeprefix("- ").strip() for line in text.splitlines()) if isinstance(text, str) else ()
    return [line for line in found if line]


def _diary(run: EvalRun) -> list[Entry]:
    entries = run.simulation_state.get("diary")
    found = entries if isinstance(entries, list) else []
    return [Entry(session_name(run, index), text) for index, text in enumerate(found) if isinstance(text, str) and text.strip()]
