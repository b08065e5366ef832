"""One flag for a whole worker: start no further model call, give the leases back, leave. Set by the worker command, seen by every drain.

django-q2 tells its worker processes nothing on SIGTERM, so the flag lives in shared memory that they inherit by fork (decision 3). It is a
bare byte without a lock: a signal handler may set it whatever it interrupts.
"""

from collections.abc import Sequence
from multiprocessing.sharedctypes import RawValue
from typing import Any

from agents.llm.types import ChatMessage, ChatModel, Reply

_flag = RawValue("b", 0)


def request() -> None:
    """Ask every drain of this process tree to stop."""
    _flag.value = 1


def requested() -> bool:
    return bool(_flag.value)


def reset() -> None:
    """Let drains run again: for tests."""
    _flag.value = 0


class Stopping(Exception):
    """The worker was told to stop, and the run stands where another one can go on: nothing of it is in flight."""


def raise_when_requested() -> None:
    """Before a model call. Raises Stopping."""
    if requested():
        raise Stopping


class UntilStop:
    """A model that is asked nothing more once the worker was told to stop."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.name, self.is_demo = model.name, model.is_demo

    async def complete(self, messages: Sequence[ChatMessage], **asked: Any) -> Reply:
        """As the model's own. Raises Stopping."""
        raise_when_requested()
        return await self._model.complete(messages, **asked)
