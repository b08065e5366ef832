"""Questions to the database from beside the pages: on one thread and one connection of their own, which wait seconds and not minutes.

For `health` and `metrics`, whose answers are wanted most when the database is away or all places of the pages are taken.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")
PATIENCE_S = 3.0
POSTGRES = {"connect_timeout": 2, "tcp_user_timeout": 2000}  # seconds, and milliseconds
STATEMENT_MS = 2000


def _impatient() -> None:
    """Give this thread a connection of its own kind: what hangs must end by itself, or no later question is ever asked."""
    connection = connections["default"].copy()
    options = dict(connection.settings_dict["OPTIONS"])
    if connection.vendor == "postgresql":
        given = options.get("options", "")
        options |= {**POSTGRES, "options": f"{given} -c statement_timeout={STATEMENT_MS}".strip()}
    else:
        options["timeout"] = PATIENCE_S
    connection.settings_dict["OPTIONS"] = options
    connections["default"] = connection


_thread = ThreadPoolExecutor(1, "evalhub-probe", _impatient)


async def ask(question: Callable[[], T]) -> T:
    """What the question returns or raises; TimeoutError when there is no answer in time. One is asked after the other."""

    def asked() -> T:
        try:
            return question()
        finally:
            connections["default"].close()

    return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(_thread, asked), PATIENCE_S)
