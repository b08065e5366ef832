"""The sessions of a new run as they are being written: what was typed, kept through every button, checked when the run is started.

Field names: session-2-name, session-2-gap, session-2-on, session-2-turn-0. Buttons: session-add, session-2-up, session-2-turn-1-remove …
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agents.llm.quoting import storable
from runs.plan import MAX_SESSIONS, MAX_TURNS

T = TypeVar("T")
GAP_HOURS = "24"
MOST_HOURS = 8760
MOST_TURNS = 300  # of all sessions together; longer scripts come by the API
LONGEST_NAME, LONGEST_TURN = 200, 100_000
_NAMED = re.compile(r"session-(\d{1,3})-(name|gap|on|turn-(\d{1,3}))")
_BUTTON = re.compile(r"session-(\d{1,3})-(?:turn-(?:(\d{1,3})-)?)?(add|remove|up|down)")


@dataclass(slots=True)
class Turn:
    """One scripted message. `id` is its field's name, set by `Script.rows`."""

    text: str = ""
    error: str = ""
    id: str = ""


@dataclass(slots=True)
class Session:
    """One session. `gap` is in hours, as it was typed; `goes_on` lets the persona speak freely after the script."""

    name: str = ""
    gap: str = GAP_HOURS
    goes_on: bool = False
    turns: list[Turn] = field(default_factory=list)
    name_error: str = ""
    gap_error: str = ""
    id: str = ""

    @property
    def hours(self) -> float | None:
        try:
            hours = float(self.gap.replace(",", ".") or 0)
        except ValueError:
            return None
        return hours if 0 <= hours <= MOST_HOURS else None  # not a number is no hours either

    def asked(self) -> dict[str, Any]:
        """As a run is asked for it. A session that stops after its script says so, whatever the limit of turns is."""
        said = [{"user_message": turn.text} for turn in self.turns if turn.text.strip()]
        own = {"max_turns": len(said)} if said and not self.goes_on else {}
        return {"name": self.name.strip(), "time_gap_hours": self.hours or 0, "turns": said, **own}


@dataclass(slots=True)
class Script:
    """All sessions, at least one."""

    sessions: list[Session] = field(default_factory=lambda: [Session(gap="0")])
    error: str = ""

    @classmethod
    def typed(cls, data: Mapping[str, Any]) -> "Script":
        """What a form sent. Numbers that are missing are skipped, so rows keep their order and nothing else."""
        found: dict[int, dict[str, str]] = {}
        turns: dict[int, dict[int, str]] = {}
        for name, value in data.items():
            if not (match := _NAMED.fullmatch(name)):
                continue
            number = int(match[1])
            found.setdefault(number, {})
            if match[3] is None:
                found[number][match[2]] = _clean(value)
            else:
                turns.setdefault(number, {})[int(match[3])] = _clean(value)
        ordered = [_session(found[number], turns.get(number, {})) for number in sorted(found)]
        return cls(ordered) if ordered else cls()

    @classmethod
    def of(cls, sessions: Iterable[Mapping[str, Any]]) -> "Script":
        """The sessions of a request, or of a past run."""
        made = [
            Session(
                name=str(session.get("name") or ""),
                gap=f"{float(session.get('time_gap_hours') or 0):g}",
                goes_on=int(session.get("max_turns") or 0) > len(session.get("turns") or []),
                turns=[Turn(str(turn["user_message"])) for turn in session.get("turns") or []],
            )
            for session in sessions
        ]
        return cls(made) if made else cls()

    def rows(self) -> list[Session]:
        """The sessions, each with the id that the names of its fields begin with."""
        for number, session in enumerate(self.sessions):
            session.id = f"session-{number}"
            for turn_number, turn in enumerate(session.turns):
                turn.id = f"{session.id}-turn-{turn_number}"
        return self.sessions

    @property
    def turns(self) -> int:
        return sum(len(session.turns) for session in self.sessions)

    def cut(self) -> bool:
        """Leave out the turns that are too many for a form. Returns whether there were any."""
        before, free = self.turns, MOST_TURNS
        for session in self.sessions:
            session.turns = session.turns[:free]
            free -= len(session.turns)
        return self.turns < before

    def asked(self) -> list[dict[str, Any]]:
        return [session.asked() for session in self.sessions]

    def press(self, button: str) -> str:
        """Do what a button says. Returns the id of what should have the focus then, "" for a button that is none of ours."""
        if button == "session-add":
            return self._add_session()
        match = _BUTTON.fullmatch(button)
        if not match or int(match[1]) >= len(self.sessions):
            return ""
        number, verb = int(match[1]), match[3]
        if "-turn-" not in button:
            return self._move_session(number, verb)
        if verb == "add":
            return self._add_turn(number)
        return self._move_turn(number, int(match[2] or 0), verb)

    def _add_session(self) -> str:
        if len(self.sessions) < MAX_SESSIONS:
            self.sessions.append(Session())
        return f"session-{len(self.sessions) - 1}-name"

    def _add_turn(self, number: int) -> str:
        turns = self.sessions[number].turns
        if self.turns < MOST_TURNS:
            turns.append(Turn())
        return f"session-{number}-turn-{len(turns) - 1}"

    def _move_session(self, number: int, verb: str) -> str:
        if verb == "remove":
            if len(self.sessions) > 1:
                del self.sessions[number]
            return f"session-{min(number, len(self.sessions) - 1)}-name"
        at = _moved(self.sessions, number, verb)
        return f"session-{at}-{_still(at, verb, len(self.sessions))}"

    def _move_turn(self, number: int, turn: int, verb: str) -> str:
        turns = self.sessions[number].turns
        if turn >= len(turns):
            return ""
        if verb == "remove":
            del turns[turn]
            return f"session-{number}-turn-{min(turn, len(turns) - 1)}" if turns else f"session-{number}-turn-add"
        at = _moved(turns, turn, verb)
        return f"session-{number}-turn-{at}-{_still(at, verb, len(turns))}"

    def forget_errors(self) -> None:
        self.error = ""
        for session in self.sessions:
            session.name_error = session.gap_error = ""
            for turn in session.turns:
                turn.error = ""

    def check(self) -> bool:
        """Whether it can be run; what is wrong stands beside its field then."""
        for session in self.sessions:
            session.gap_error = "" if session.hours is not None else f"Hours from 0 to {MOST_HOURS}."
            session.name_error = f"At most {LONGEST_NAME} characters." if len(session.name) > LONGEST_NAME else ""
            for turn in session.turns:
                turn.error = _wrong(turn.text)
        if len(self.sessions) > MAX_SESSIONS or self.turns > MOST_TURNS or any(len(each.turns) > MAX_TURNS for each in self.sessions):
            self.error = f"At most {MAX_SESSIONS} sessions and {MOST_TURNS} scripted turns fit this form; the API takes longer scripts."
        wrong = [each.gap_error or each.name_error or any(turn.error for turn in each.turns) for each in self.sessions]
        return not (self.error or any(wrong))


def _session(given: Mapping[str, str], turns: Mapping[int, str]) -> Session:
    said = [Turn(turns[number]) for number in sorted(turns)]
    return Session(given.get("name", ""), given.get("gap", GAP_HOURS), "on" in given, said)


def _clean(value: Any) -> str:
    """Without what no database takes, and with one kind of line break."""
    return storable(str(value).replace("\r\n", "\n"))


def _wrong(text: str) -> str:
    if not text.strip():
        return "Write what the user says here, or remove the turn."
    return f"At most {LONGEST_TURN:,} characters." if len(text) > LONGEST_TURN else ""


def _moved(rows: list[T], at: int, verb: str) -> int:
    """Where the row stands after one step up or down."""
    to = min(max(at + (-1 if verb == "up" else 1), 0), len(rows) - 1)
    rows.insert(to, rows.pop(at))
    return to


def _still(at: int, verb: str, count: int) -> str:
    """The button that can be pressed again; at the end of the list the other one, since this one is off there."""
    at_the_end = at == 0 if verb == "up" else at == count - 1
    return {"up": "down", "down": "up"}[verb] if at_the_end and count > 1 else verb
