"""The event loop a drain runs on: uvloop where it is there, asyncio's own elsewhere (Windows). Called by the drain."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
# A collection walks everything that lives; with hundreds of transcripts in flight the default of 700 new objects is met many times a call.
GARBAGE_THRESHOLD = 50_000
# Of the interpreter. A group is written in a dozen statements, and after each the writer asks for the interpreter again: by default a busy
# loop keeps it for 5 ms every time.
SWITCH_SECONDS = 0.001


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on a new loop."""
    before, switching = gc.get_threshold(), sys.getswitchinterval()
    gc.freeze()  # modules and models live for ever: no collection need look at them
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with asyncio.Runner(loop_factory=_factory()) as runner:
            return runner.run(coroutine)
    finally:
        sys.setswitchinterval(switching)
        gc.set_threshold(*before)
        gc.unfreeze()


def _factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
