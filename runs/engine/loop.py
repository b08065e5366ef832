"""The event loop a drain runs on: uvloop where it is there, asyncio's own elsewhere (Windows). Called by the drain."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
# A collection walks everything that lives; with hundreds of transcripts in flight the default of 700 new objects is met many times a call.
GARBAGE_THRESHOLD = 50_000


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on a new loop."""
    before = gc.get_threshold()
    gc.freeze()  # modules and models live for ever: no collection need look at them
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    try:
        with asyncio.Runner(loop_factory=_factory()) as runner:
            return runner.run(coroutine)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
