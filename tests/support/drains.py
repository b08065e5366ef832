"""A worker in a thread of the test, with models that take their time. For tests of what happens to a run while it is driven."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from runs.engine.drain import run_drain


def slow(settings: Any, seconds: float = 20.0) -> None:
    """Every answer of a demo model takes this long."""
    settings.ENV = settings.ENV.model_copy(update={"demo_delay": seconds})


def in_thread() -> threading.Thread:
    def work() -> None:
        try:
            run_drain(linger=0)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
