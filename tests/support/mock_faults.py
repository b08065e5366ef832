"""The ways a model server misbehaves, and how they are written down: in a queue from a test, or in the model's name.

A model called `mock+429x2+latency50` answers its first two requests with 429 and every one 50 ms late. `x2` counts requests of one model
and purpose; without it a fault stays for good.
"""

import random
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

_PART = re.compile(r"(?P<kind>latency|jitter|retry-after|[a-z][a-z-]*?|\d{3})(?P<number>\d[\d.-]*)?(?:x(?P<times>\d+))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` is a status (429, 500, …), a way to fail (hang, cut, cut-body, redirect, quota, html-error), a refused part of the request
    (no-schema, no-tools, no-temperature, no-seed, new-limit), an odd 200 (broken-json, cut-answer, empty-body, plain-text, wrong-schema,
    prose, no-usage, html, empty, length, huge, gzip-bomb, null, list, error-inside), a good answer that is packed (gzip, chunked), or
    latency and jitter, which only slow an answer down."""

    kind: str
    seconds: float = 0.0
    most_seconds: float = 0.0
    retry_after: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Mix:
    """Faults by chance: `rates` by kind. The same seed gives request number n of a model the same fate, in whatever order requests come."""

    seed: int
    rates: Mapping[str, float]

    def drawn(self, model: str, count: int) -> list[Fault]:
        left = random.Random(f"{self.seed} {model} {count}").random()
        for kind, rate in self.rates.items():
            left -= rate
            if left < 0:
                return [Fault(kind)]
        return []


SLOW = frozenset({"latency", "jitter"})


@dataclass(slots=True)
class Script:
    """What will happen to the requests of each model. A queue is used up first; then what the name says."""

    queues: dict[str, deque[Fault | None]] = field(default_factory=dict)
    standing: dict[str, list[Fault]] = field(default_factory=dict)
    mix: Mix | None = None

    def push(self, model: str, *faults: Fault | str | None) -> None:
        """The next requests of `model`, one each; None is a good answer."""
        made = [Fault(fault) if isinstance(fault, str) else fault for fault in faults]
        self.queues.setdefault(model, deque()).extend(made)

    def always(self, model: str, *faults: Fault | str) -> None:
        self.standing[model] = [Fault(fault) if isinstance(fault, str) else fault for fault in faults]

    def next_for(self, model: str, count: int) -> list[Fault]:
        """The faults of request number `count` (from 1) of this model."""
        queue = self.queues.get(model)
        if queue:
            fault = queue.popleft()
            return [fault] if fault else []
        drawn = self.mix.drawn(model, count) if self.mix else []
        return [*self.standing.get(model, []), *faults_in_name(model, count), *drawn]


def faults_in_name(model: str, count: int) -> list[Fault]:
    """`x+429x2+latency50` -> the faults that apply to request number `count`."""
    found = []
    for part in model.split("+")[1:]:
        match = _PART.fullmatch(part)
        if match and (match["times"] is None or count <= int(match["times"])):
            found.append(_fault(match["kind"], match["number"] or ""))
    return found


def _fault(kind: str, number: str) -> Fault:
    if kind == "latency":
        return Fault(kind, seconds=float(number or 50) / 1000)
    if kind == "jitter":
        low, _, high = (number or "10-50").partition("-")
        return Fault(kind, seconds=float(low) / 1000, most_seconds=float(high) / 1000)
    return Fault("429", retry_after=number) if kind == "retry-after" else Fault(kind)
