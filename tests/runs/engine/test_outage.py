"""What is an outage of the database, and that what was paid for outlives one."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NoReturn

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection, connections
from django.utils import timezone

from runs.clock import CLOCK
from runs.engine import lease, stop
from runs.engine.journal import Journal
from runs.engine.outage import Patience, is_outage
from runs.models import EvalRun
from tests.support.runs import run_make
from tests.support.steps import step_of

pytestmark = pytest.mark.django_db(transaction=True)


def away() -> NoReturn:
    raise OperationalError("the server closed the connection unexpectedly")


@contextlib.contextmanager
def locked(seconds: float) -> Iterator[None]:
    """Every run is held by somebody else for so long."""
    held = threading.Event()

    def hold() -> None:
        with contextlib.closing(connections["default"]) as own, own.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE" if own.vendor == "sqlite" else "BEGIN")
            if own.vendor == "postgresql":
                cursor.execute("SELECT 1 FROM runs_evalrun FOR UPDATE")
            held.set()
            time.sleep(seconds)
            cursor.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(5)
    yield
    thread.join()


def shorten_waits_for_locks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20" if connection.vendor == "sqlite" else "SET lock_timeout = '20ms'")


def refuse_writes() -> None:
    """For this connection the disk is full (SQLite), or the server has become a standby (PostgreSQL)."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1" if connection.vendor == "sqlite" else "SET default_transaction_read_only = on")


def test_a_commit_waits_while_the_database_is_locked_by_somebody_else() -> None:
    run_make()
    held = lease.claim(1)[0]
    step = step_of(held, columns={"total_turns": 7})

    async def commit() -> None:
        with Journal() as journal:
            await journal.call(shorten_waits_for_locks)
            with locked(0.6):
                await journal.commit(step)

    asyncio.run(commit())
    assert EvalRun.objects.get(pk=held.run_id).total_turns == 7


def test_a_commit_waits_until_the_database_takes_writes_again(caplog: pytest.LogCaptureFixture) -> None:
    run_make()
    held = lease.claim(1)[0]
    step = step_of(held, columns={"error_reason": "x" * 5_000_000})

    async def commit() -> None:
        with Journal() as journal:
            await journal.call(refuse_writes)
            await journal.commit(step)

    asyncio.run(commit())
    assert len(EvalRun.objects.get(pk=held.run_id).error_reason) == 5_000_000
    assert ("disk is full" if connection.vendor == "sqlite" else "read-only transaction") in caplog.text


def test_postgres_without_room_is_an_outage() -> None:
    error = OperationalError("could not extend file: No space left on device")
    error.__cause__ = psycopg.errors.DiskFull("could not extend file: No space left on device")
    assert is_outage(error)


def test_a_statement_that_can_never_work_is_no_outage() -> None:
    with pytest.raises((OperationalError, ProgrammingError)) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    assert not is_outage(caught.value)


def test_an_error_that_is_no_outage_is_raised_at_once() -> None:
    calls: list[int] = []

    def wrong() -> NoReturn:
        calls.append(1)
        raise ValueError("of what was written")

    with pytest.raises(ValueError, match="what was written"):
        Patience().insist(wrong)
    assert calls == [1]


def test_patience_ends_with_its_time() -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError):
        Patience(seconds=0.25).insist(away)
    assert 0.25 <= time.monotonic() - began < 2


def test_a_stop_that_is_asked_for_ends_patience_early_also_for_what_comes_next() -> None:
    patience = Patience(stop_seconds=0.3)
    stop.request()
    try:
        began = time.monotonic()
        with pytest.raises(OperationalError):
            patience.insist(away)
        first = time.monotonic() - began
        with pytest.raises(OperationalError):
            patience.insist(away)
        assert 0.3 <= first < 2
        assert time.monotonic() - began - first < 0.2
    finally:
        stop.reset()


def test_after_an_outage_no_lease_is_taken_for_silent(settings: Any) -> None:
    """Its worker may live and had no way to say so."""
    run = run_make()
    lease.claim(1)
    EvalRun.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    async def work() -> None:
        with Journal() as journal:
            with pytest.raises(OperationalError):
                await journal.call(away)
            assert not await journal.call(lease.something_waits)
            settings.ENV = settings.ENV.model_copy(update={"lease_seconds": 0.0})
            CLOCK.doubt()
            assert await journal.call(lease.something_waits)

    asyncio.run(work())
