"""The door in front of a provider: who asks takes a place for one request, and tells how it went when he leaves.

Plain Python. `agents.limits` builds gates that hold over all workers; `client.py` goes through. Without a gate a model is asked freely.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Protocol, TypeVar

from agents.llm.errors import RateLimited

Result = TypeVar("Result")
OnWait = Callable[[], Awaitable[None]]


class Outcome(Enum):
    """What an answer says about how much the server takes."""

    FINE = "an answer"
    REFUSED = "too many requests"
    UNKNOWN = "another error, or nobody waited for the answer"


class Gate(Protocol):
    """Places at one provider, first come first served. Safe for any number of coroutines of one event loop."""

    async def enter(self, on_wait: OnWait) -> int:
        """Wait for a place, get a ticket. A cancelled wait leaves nothing behind. `on_wait` is awaited once if it takes long."""
        ...

    def leave(self, ticket: int, outcome: Outcome, retry_after: float | None = None) -> None:
        """Give the place back. `retry_after` is what a refusing server asked for, in seconds."""
        ...


async def through(gate: Gate, ask: Callable[[], Awaitable[Result]], on_wait: OnWait) -> Result:
    """What `ask` returns, while one place is held. `ask` sends a single request: nobody keeps a place while he waits to try again."""
    ticket = await gate.enter(on_wait)
    try:
        answer = await ask()
    except RateLimited as refusal:
        gate.leave(ticket, Outcome.REFUSED, refusal.retry_after)
        raise
    except BaseException:
        gate.leave(ticket, Outcome.UNKNOWN)
        raise
    gate.leave(ticket, Outcome.FINE)
    return answer
