"""What waits for a lock on PostgreSQL, for tests in which one transaction holds what another comes to."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from tests.support.drains import wait_for

T = TypeVar("T")


def wait_for_a_lock() -> None:
    """Until somebody waits for what another transaction holds."""
    wait_for(_somebody_waits)


def begun_and_waiting(executor: ThreadPoolExecutor, call: Callable[[], T]) -> "Future[T]":
    """The call on a connection of its own, as soon as it waits for what this transaction holds."""

    def alone() -> T:
        try:
            return call()
        finally:
            connection.close()

    begun = executor.submit(alone)
    wait_for_a_lock()
    return begun


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None
