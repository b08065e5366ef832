"""Probes: whether the process serves, and whether a run that is started now would be worked on."""

import asyncio
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from evalhub import health, probes
from evalhub.places import Receive, Scope, Send, bounded
from runs.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)


def seen(ago: timedelta) -> None:
    now = timezone.now()
    Worker.objects.create(kind=Worker.Kind.SUPERVISOR, host="one", pid=1, started_at=now - ago, seen_at=now - ago)


def ready(client: Client) -> tuple[int, str]:
    answer = client.get("/readyz")
    return answer.status_code, answer.content.decode()


def test_a_process_that_serves_says_so(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_it_is_ready_when_a_worker_was_seen_in_the_last_minute(client: Client) -> None:
    seen(timedelta(seconds=50))
    assert ready(client) == (200, "ok\n")


def test_without_a_worker_it_says_how_to_start_one(client: Client) -> None:
    seen(timedelta(seconds=70))
    assert ready(client) == (503, f"{health.UNATTENDED}\n")


def test_an_older_database_is_said_to_need_migrating(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)
    seen(timedelta(0))
    recorder = MigrationRecorder(connection)
    newest = max(name for app, name in recorder.applied_migrations() if app == "runs")
    recorder.record_unapplied("runs", newest)
    try:
        assert ready(client) == (503, f"{health.OUTDATED}\n")
    finally:
        recorder.record_applied("runs", newest)
    assert ready(client) == (200, "ok\n")


def test_a_table_that_is_missing_is_one_line_and_no_trace(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE runs_worker RENAME TO away")
    try:
        status, text = ready(client)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO runs_worker")
    assert status == 503
    assert text in {"database: OperationalError\n", "database: ProgrammingError\n"}


class Hanging:
    """A question that has no answer until it may."""

    def __init__(self) -> None:
        self.may, self.asked = threading.Event(), 0

    def __call__(self) -> int:
        self.asked += 1
        self.may.wait()
        return self.asked


async def test_a_question_without_an_answer_is_asked_once_and_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE_S", 0.2)
    question = Hanging()
    probe = probes.Probe(question)
    began = time.monotonic()
    said = await asyncio.gather(*(probe.ask() for _ in range(50)), return_exceptions=True)
    assert time.monotonic() - began < 0.4
    assert {type(one) for one in said} == {TimeoutError}
    assert question.asked == 1
    question.may.set()
    assert await probe.ask() >= 1, "it answers again"


async def test_who_waited_for_a_place_hears_what_the_others_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two places, twenty requests that came at once, and a database that does not answer: nobody waits for the others' patience too."""
    monkeypatch.setattr(probes, "PATIENCE_S", 0.3)
    question = Hanging()
    probe = probes.Probe(question)
    took: list[float] = []

    async def request(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(TimeoutError):
            await probe.ask(scope[probes.ARRIVED])
        took.append(time.monotonic() - scope[probes.ARRIVED])

    application: Any = probes.timed(bounded(request, 2))
    try:
        await asyncio.gather(*(application({"type": "http"}, None, None) for _ in range(20)))
    finally:
        question.may.set()
    assert len(took) == 20
    assert max(took) < 0.5


async def test_an_answer_is_shared_by_who_waits_and_asked_anew_by_who_comes_later() -> None:
    question = Hanging()
    probe = probes.Probe(question)
    waiting = [asyncio.ensure_future(probe.ask()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting.pop().cancel()
    question.may.set()
    assert await asyncio.gather(*waiting) == [1, 1, 1, 1]
    assert await probe.ask() == 2


async def test_an_error_is_told_to_all_who_asked() -> None:
    def broken() -> None:
        raise DatabaseError("gone")

    probe = probes.Probe(broken)
    said = await asyncio.gather(*(probe.ask() for _ in range(3)), return_exceptions=True)
    assert [str(one) for one in said] == ["gone"] * 3


async def test_a_statement_that_takes_too_long_is_ended_by_the_database() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a limit for statements")

    def patience() -> str:
        with connections["default"].cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    assert await probes.Probe(patience).ask() == "2s"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_read_only(client: Client, path: str) -> None:
    assert client.put(path).status_code == 405
