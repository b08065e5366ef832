"""What was paid for is written down, whatever becomes of the run: cancelled or given back between the requests of one exchange."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from agents.llm.types import CANCELLED
from agents.models import ModelProvider
from runs.engine import stop
from runs.models import CallTally, EvalRun, Worker
from runs.selectors import costs
from runs.services import run_cancel
from runs.states import Status
from tests.support.drains import in_thread, slow, wait_for
from tests.support.mock_server import MockModelServer
from tests.support.mock_thread import mock_server
from tests.support.runs import project_make, run_make, template_make

pytestmark = pytest.mark.django_db(transaction=True)
AWAY = {
    "sqlite": [
        "CREATE TRIGGER away BEFORE UPDATE ON runs_evalrun WHEN NEW.status = 'pending' BEGIN SELECT RAISE(ABORT, 'away'); END",
        "DROP TRIGGER away",
    ],
    "postgresql": [
        "CREATE FUNCTION away() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'away'; END $$ LANGUAGE plpgsql;"
        "CREATE TRIGGER away BEFORE UPDATE ON runs_evalrun FOR EACH ROW WHEN (NEW.status = 'pending') EXECUTE FUNCTION away()",
        "DROP TRIGGER away ON runs_evalrun; DROP FUNCTION away()",
    ],
}


@pytest.fixture
def server() -> Iterator[MockModelServer]:
    with mock_server() as running:
        yield running
    stop.reset()


def judged_by(server: MockModelServer, judge: str, agent: str = "gpt-4o-mini", **rubric: Any) -> EvalRun:
    project = project_make()
    ModelProvider.objects.get_or_create(project=project, name="openai", defaults={"base_url": server.openai_url})
    template = template_make(project, judge_model=f"openai/{judge}", **rubric)
    return run_make(project=project, template=template, model=f"openai/{agent}")


def asked(server: MockModelServer, model: str) -> int:
    return sum(request["model"] == model for request in list(server.requests))


def check_books(run: EvalRun, server: MockModelServer) -> None:
    """Every request stands there once, in the run's cost and in the tally too, and no event is missing."""
    run.refresh_from_db()
    stored = sum((call.price_usd for call in run.model_calls.all() if call.price_usd), Decimal(0))
    tally = CallTally.objects.filter(project=run.project).aggregate(calls=Sum("calls"), price=Sum("price_usd"))
    assert run.model_calls.count() == len(server.requests) == tally["calls"]
    assert run.simulation_cost_usd + run.evaluation_cost_usd == stored == tally["price"].quantize(Decimal("1e-8"))
    assert list(run.events.order_by("seq").values_list("seq", flat=True)) == list(range(run.next_seq))


def test_a_cancelled_judgement_keeps_the_answers_that_did_not_fit(server: MockModelServer) -> None:
    server.script.push("gpt-4o", "wrong-schema", "prose", "wrong-schema", "hang")
    run = judged_by(server, "gpt-4o")
    thread = in_thread()
    wait_for(lambda: asked(server, "gpt-4o") == 4)
    assert run.model_calls.filter(purpose="judge").count() == 3  # a worker killed here loses one record
    at = time.monotonic()
    run_cancel(run_id=run.id, project=run.project)
    thread.join()
    assert time.monotonic() - at < 2
    check_books(run, server)
    assert (run.status, run.unpriced_calls) == (Status.CANCELLED, 0)
    last = run.model_calls.order_by("id").last()
    assert last is not None
    assert (last.error, last.price_usd) == (CANCELLED, None)
    assert not CallTally.objects.exclude(failed=0).exists()
    assert [(row.failed, row.unpriced) for row in costs(run=run)] == [(0, 0)] * 2


def test_a_cancelled_turn_keeps_the_empty_answers_before_it(server: MockModelServer) -> None:
    server.script.push("gpt-4o-mini", "empty", "hang")
    run = judged_by(server, "gpt-4o")
    thread = in_thread()
    wait_for(lambda: asked(server, "gpt-4o-mini") == 2)
    run_cancel(run_id=run.id, project=run.project)
    thread.join()
    check_books(run, server)
    assert run.simulation_cost_usd > 0


def test_a_worker_that_was_told_to_stop_begins_no_repair_and_no_other_judgement(server: MockModelServer) -> None:
    server.script.always("gpt-4o+latency300", "wrong-schema")
    run = judged_by(server, "gpt-4o+latency300", judge_samples=2)
    thread = in_thread()
    wait_for(lambda: asked(server, "gpt-4o+latency300") == 2)
    stop.request()
    thread.join()
    assert asked(server, "gpt-4o+latency300") == 2
    check_books(run, server)
    assert (run.status, run.attempt, run.lease_token) == (Status.PENDING, 0, None)


def test_a_worker_that_was_told_to_stop_tries_nothing_again(server: MockModelServer) -> None:
    server.script.push("gpt-4o-mini", "500", "500", "500")
    run = judged_by(server, "gpt-4o")
    thread = in_thread()
    wait_for(lambda: asked(server, "gpt-4o-mini") == 1)
    stop.request()
    thread.join()
    assert asked(server, "gpt-4o-mini") <= 2
    check_books(run, server)
    assert run.status == Status.PENDING


def test_what_a_stop_aborts_is_recorded_and_what_goes_on_is_not_paid_twice(server: MockModelServer, settings: Any) -> None:
    settings.ENV = settings.ENV.model_copy(update={"stop_seconds": 0.2})
    server.script.push("gpt-4o", "prose", "hang")
    run = judged_by(server, "gpt-4o")
    thread = in_thread()
    wait_for(lambda: asked(server, "gpt-4o") == 2)
    stop.request()
    thread.join()
    check_books(run, server)
    stop.reset()
    in_thread().join()
    check_books(run, server)
    assert (run.status, asked(server, "gpt-4o")) == (Status.COMPLETED, 3)


@pytest.mark.parametrize("aborted", [False, True])
def test_leases_go_back_although_the_database_did_not_take_them_at_first(settings: Any, aborted: bool) -> None:
    """Those of turns that were aborted, and those of turns that ended while others were still at work."""
    refuse, allow = AWAY[connection.vendor]
    settings.ENV = settings.ENV.model_copy(update={"stop_seconds": 0.3 if aborted else 8.0})
    slow(settings, 20 if aborted else 2.5)
    first = run_make()
    thread = in_thread()
    wait_for(lambda: first.messages.count() >= 1)
    time.sleep(0.2)
    later = run_make()
    wait_for(lambda: later.messages.count() >= 1)
    time.sleep(0.2)  # its call is on the way too: a stop lets none begin
    with connection.cursor() as cursor:
        cursor.execute(refuse)
    try:
        stop.request()
        time.sleep(1.5 if aborted else 3.0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(allow)
        thread.join()
        stop.reset()
    found = EvalRun.objects.values_list("status", "attempt", "lease_token", "lease_owner")
    assert list(found) == [(Status.PENDING, 0, None, None)] * 2
    assert [run.model_calls.filter(error="").count() for run in (first, later)] == ([0, 0] if aborted else [1, 1])
    assert not Worker.objects.exists()
