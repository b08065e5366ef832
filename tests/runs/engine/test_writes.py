"""The SQL of the group commit writes every column of its tables, and what is read back is what was handed over."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.llm.types import CallRecord, Usage
from runs.engine import lease, writes
from runs.engine.lease import Lease
from runs.engine.outcome import CitationRow, MentionRow, Outcome
from runs.engine.transcript import Line, Purpose
from runs.events import log
from runs.events.types import Totals, TurnCompleted
from runs.models import Citation, EvalRun, Mention, Message, ModelCall, RunEvent, Trial, Verdict
from tests.support.runs import run_make
from tests.support.steps import step_of
from tests.support.trials import batch_make, prompt_subject, target

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
CALL = {"function": {"name": "find", "arguments": '{"text": "a \\"quoted\\" {word}, \\\\ and ü"}'}}


def claimed(count: int = 1) -> list[Lease]:
    for _ in range(count):
        run_make()
    return lease.claim(count)


def written(*steps: object) -> set[uuid.UUID]:
    with transaction.atomic():
        return writes.write(steps)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", writes.COLUMNS)
def test_every_column_is_written(model: type[models.Model]) -> None:
    """A column that is added to a model must be added to the statement too."""
    assert set(writes.COLUMNS[model]) == {field.attname for field in model._meta.concrete_fields if not field.primary_key}


def test_every_column_of_a_trial_is_the_batchs_or_says_how_it_ended() -> None:
    """A column that is added to the model must be written by one of them."""
    asked = {"run_id", "project_id", "batch_id", "position", "subject_id", "subject_index", "target_index", "profile_index", "source_type"}
    asked |= {"source_id", "ref", "label", "group_id", "group", "eval_type", "target_type", "target_key", "platform", "model", "created_at"}
    assert asked | set(writes.ENDS) == {field.attname for field in Trial._meta.concrete_fields}


def test_an_outcome_comes_back_with_its_mentions_and_citations() -> None:
    """Of two trials in one commit, each gets its own; one without reasons gets none."""
    batch = batch_make([prompt_subject(), prompt_subject()], [target("demo/agent")])
    held = lease.claim(2)
    brand, topic = uuid.uuid4(), uuid.uuid4()
    ended = Outcome(
        passed=False,
        score=42.5,
        failure_reasons=("timeout", "auth"),
        latency_ms=1234,
        tool_calls=2,
        details={"checks": [{"name": 'ü "x" \\', "passed": None}]},
        mentions=[MentionRow(brand_id=brand, brand="Acmé", is_own=True, count=3, rank=1)],
        citations=[CitationRow(place=1, url="https://a.test/?q=%s", domain="a.test", is_own=False)],
        platform="openai",
        topic_id=topic,
    )
    written(step_of(held[0], outcome=ended), step_of(held[1], outcome=Outcome()))
    first, second = Trial.objects.get(pk=held[0].run_id), Trial.objects.get(pk=held[1].run_id)
    assert (first.passed, first.score, first.failure_reasons, first.first_reason) == (False, 42.5, ["timeout", "auth"], "timeout")
    assert (first.latency_ms, first.tool_calls, first.details) == (1234, 2, ended.details)
    assert (second.passed, second.score, second.failure_reasons, second.first_reason) == (None, None, [], "")
    assert first.finished_at == second.finished_at
    assert first.finished_at is not None
    mention, page = Mention.objects.get(run_id=first.pk), Citation.objects.get(run_id=first.pk)
    assert (mention.brand_id, mention.brand, mention.is_own, mention.count, mention.rank) == (brand, "Acmé", True, 3, 1)
    assert (page.place, page.url, page.domain, page.is_own) == (1, "https://a.test/?q=%s", "a.test", False)
    for row in (mention, page):
        assert (row.platform, row.topic_id, row.project_id) == ("openai", topic, batch.project_id)
        assert row.day == first.finished_at.astimezone(UTC).date()


def test_a_lost_lease_ends_no_trial() -> None:
    batch_make([prompt_subject()], [target("demo/agent")])
    [held] = lease.claim(1)
    said = Outcome(passed=True, mentions=[MentionRow(brand_id=uuid.uuid4(), brand="A", is_own=True, count=1, rank=1)])
    lost = step_of(Lease(held.run_id, uuid.uuid4()), columns={"status": "completed"}, outcome=said)
    assert written(lost) == {lost.mark}
    assert Trial.objects.get().finished_at is None
    assert not Mention.objects.exists()


def test_a_line_comes_back_as_it_was_said() -> None:
    [held] = claimed()
    said = Line(3, 1, 2, "assistant", 'Two {words}, "NULL", 100 %s\n\\ and 🙂', AT, "Mara", (CALL,), "call-1")
    written(step_of(held, lines=[said]))
    row = Message.objects.get(run_id=held.run_id)
    found = Line(*(getattr(row, name) for name in ("index", "session_index", "turn_index", "role", "content", "simulated_at", "name")))
    assert (found.content, found.simulated_at, row.tool_calls, row.tool_call_id) == (said.content, AT, [CALL], "call-1")
    assert (found.index, found.session_index, found.turn_index, found.role, found.name) == (3, 1, 2, "assistant", "Mara")
    assert abs((row.created_at - timezone.now()).total_seconds()) < 60


def test_a_call_comes_back_with_its_price_and_an_unknown_one_without() -> None:
    [held] = claimed()
    priced = CallRecord("test/m", 1, 250, Usage(10, 5, 2), Decimal("0.00012345"), "stop")
    failed = CallRecord("test/m", 2, 10, error="no answer")
    written(step_of(held, purpose=Purpose.JUDGE, calls=[priced, failed]))
    first, second = ModelCall.objects.filter(run_id=held.run_id)
    assert (first.purpose, first.price_usd, first.input_tokens, first.cached_input_tokens) == ("judge", Decimal("0.00012345"), 10, 2)
    assert (second.price_usd, second.input_tokens, second.error, second.attempt) == (None, None, "no answer", 2)


def test_events_and_verdicts_come_back_as_json() -> None:
    [held] = claimed()
    events = log.numbered(5, [TurnCompleted(content='ü "x" \\', index=1)], Totals(1, 2, 0.5))
    verdict = Verdict(run_id=held.run_id, kind=Verdict.Kind.QUALITY, judge_model="test/j", sample=1, answer={"feedback": 'ü "x" \\'})
    written(step_of(held, events=events, verdicts=[verdict]))
    event = RunEvent.objects.get(run_id=held.run_id)
    assert (event.seq, event.type, event.payload["content"], event.payload["total_cost_usd"]) == (5, "turn_completed", 'ü "x" \\', 0.5)
    found = Verdict.objects.get(run_id=held.run_id)
    assert (found.kind, found.sample, found.answer) == ("quality", 1, {"feedback": 'ü "x" \\'})


def test_columns_of_every_kind_are_written_to_the_right_runs() -> None:
    held = claimed(3)
    ends = {"status": "completed", "completed_at": AT, "lease_token": None, "score": 81.5, "evaluation_result": {"a": [1, None]}}
    turns = {"simulation_state": {"memory": "ü"}, "simulation_cost_usd": Decimal("1.5"), "total_turns": 4}
    assert not written(step_of(held[0], columns=ends), step_of(held[1], columns=turns), step_of(held[2], columns={"uses_demo": True}))
    first, second, third = (EvalRun.objects.get(pk=one.run_id) for one in held)
    assert (first.status, first.completed_at, first.lease_token, first.score) == ("completed", AT, None, 81.5)
    assert first.evaluation_result == {"a": [1, None]}
    assert (second.simulation_state, second.simulation_cost_usd, second.total_turns) == ({"memory": "ü"}, Decimal("1.5"), 4)
    assert (third.uses_demo, third.total_turns) == (True, 0)


def test_a_group_that_loses_nothing_asks_nothing() -> None:
    """The number of rows that an UPDATE changed says so; who lost is only looked up when it is too small."""
    held = claimed(2)
    steps = [step_of(one, columns={"total_turns": 1}) for one in held]
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        assert writes.fence(steps, timezone.now()) == set()
    assert not [query["sql"] for query in captured if "SELECT" in query["sql"]]


def test_more_rows_than_one_statement_takes_are_all_written() -> None:
    [held] = claimed()
    written(step_of(held, lines=[Line(index, 0, 0, "user", "x") for index in range(4000)]))
    assert Message.objects.filter(run_id=held.run_id).count() == 4000


def test_a_step_whose_lease_is_lost_writes_nothing_at_all() -> None:
    held, late = claimed(2)
    call = CallRecord("test/m", 1, 250)
    lost = step_of(Lease(late.run_id, uuid.uuid4()), columns={"total_turns": 9}, lines=[Line(0, 0, 0, "user", "x")], calls=[call])
    assert written(step_of(held, columns={"total_turns": 1}), lost) == {lost.mark}
    assert EvalRun.objects.get(pk=late.run_id).total_turns == 0
    assert not Message.objects.exists()
    assert not ModelCall.objects.exists()


def test_a_lost_lease_is_told_without_reading_the_history() -> None:
    held = step_of(claimed()[0])
    with CaptureQueriesContext(connection) as queries:
        written(held, step_of(Lease(uuid.uuid4(), uuid.uuid4())))
    [asked] = [query["sql"] for query in queries if query["sql"].startswith("SELECT") and "last_commit" in query["sql"]]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # a small table would be read whole whatever there is
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + asked)
        plan = str(cursor.fetchall())
    assert "SCAN runs_evalrun" not in plan
    assert "Seq Scan" not in plan
