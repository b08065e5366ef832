"""Probes: whether the process serves, and whether a run that is started now would be worked on."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient, Client
from django.utils import timezone

from evalhub import health, probes
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


async def test_a_question_without_an_answer_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question of ours that hangs holds the one thread; what comes after it is told so too, and nothing waits longer."""
    monkeypatch.setattr(probes, "PATIENCE_S", 0.2)
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        await probes.ask(go_on.wait)
    try:
        answer = await AsyncClient().get("/readyz")
        assert (answer.status_code, answer.content.decode()) == (503, f"{health.SILENT}\n")
        assert (await AsyncClient().get("/healthz")).status_code == 200
    finally:
        go_on.set()


async def test_a_statement_that_takes_too_long_is_ended_by_the_database() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a limit for statements")

    def patience() -> str:
        with connections["default"].cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    assert await probes.ask(patience) == "2s"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_read_only(client: Client, path: str) -> None:
    assert client.put(path).status_code == 405
