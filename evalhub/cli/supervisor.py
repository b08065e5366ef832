"""Keeps children alive and ends them: the loop under `evalhub up`. Knows signals and time, nothing of EvalHub."""

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from evalhub.cli.child import Child
from evalhub.cli.errors import FAILED, CommandError

TICK_S = 0.05
GRACE_S = 3.8  # of the five seconds that a stop may take; the rest is for killing and for a machine that is busy
DEATHS = 5
DEATHS_WITHIN_S = 60.0
BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 4.0)
KILLED_BACKOFF_S = 1.0
STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class StopAsked(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


@dataclass
class Deaths:
    """How often one process ended lately, and when it may start again.

    Each end makes the pause longer. Only those by itself are counted towards giving up: somebody's kill -9 says nothing about the process.
    """

    times: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    restart_at: float | None = None

    def note(self, now: float, *, killed: bool = False) -> None:
        self.times.append(now)
        if not killed:
            self.failures.append(now)
        recent = sum(now - then < DEATHS_WITHIN_S for then in self.times)
        pause = BACKOFF_S[min(recent, len(BACKOFF_S)) - 1]
        self.restart_at = now + (min(pause, KILLED_BACKOFF_S) if killed else pause)

    def too_many(self, now: float) -> bool:
        return len(self.failures) == DEATHS and now - self.failures[0] < DEATHS_WITHIN_S


class Supervisor:
    """Start with `start`, wait with `until` or `forever`; the `with` block ends every child on the way out."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._children = {child: Deaths() for child in children}
        self._say = say
        self._asked = 0

    def __enter__(self) -> "Supervisor":
        for signum in STOP_SIGNALS:
            signal.signal(signum, self._note_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _note_signal(self, signum: int, frame: FrameType | None) -> None:
        # Only a number: a handler may interrupt any line, so it must not take a lock or print.
        self._asked += 1

    def start(self) -> None:
        for child in self._children:
            child.start()

    def until(self, ready: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        """Wait for `ready()`. Raises CommandError(otherwise) when a child ends first or time is over, StopAsked on a signal."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            self._raise_when_asked()
            dead = next((child for child in self._children if child.exit_code() is not None), None)
            if dead or time.monotonic() > deadline:
                raise CommandError(f"{otherwise}{_last_words(dead)}", FAILED)
            time.sleep(TICK_S)

    def forever(self) -> None:
        """Start again what dies, until somebody asks to stop. Raises CommandError when a child cannot be kept alive."""
        while True:
            self._raise_when_asked()
            for child, deaths in self._children.items():
                self._revive(child, deaths, time.monotonic())
            time.sleep(TICK_S)

    def _raise_when_asked(self) -> None:
        if self._asked:
            raise StopAsked

    def _revive(self, child: Child, deaths: Deaths, now: float) -> None:
        if deaths.restart_at is None:
            code = child.exit_code()
            if code is not None:
                self._mourn(child, deaths, code, now)
        elif now >= deaths.restart_at:
            deaths.restart_at = None
            child.start()

    def _mourn(self, child: Child, deaths: Deaths, code: int, now: float) -> None:
        child.kill()  # what it left in its session: its forks may outlive it where prctl is missing
        deaths.note(now, killed=code < 0)
        if deaths.too_many(now):
            raise CommandError(f"The {child.name} part ended {DEATHS} times within a minute; see {child.log}.{_last_words(child)}", FAILED)
        self._say(f"The {child.name} part ended ({how(code)}) and is started again; see {child.log}.")

    def stop(self) -> None:
        """End every child: ask, wait, then kill what is left. A second signal kills at once."""
        deadline = time.monotonic() + GRACE_S
        for child in self._children:
            child.ask_to_stop()
        while any(child.running for child in self._children) and time.monotonic() < deadline and self._asked < 2:
            time.sleep(TICK_S)
        for child in self._children:
            child.close()


def how(code: int) -> str:
    """An exit code in words."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_words(child: Child | None) -> str:
    words = child.last_words() if child else ""
    return f"\n{words}" if words else ""
