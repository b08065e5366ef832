"""How trials end that were not carried out, and what a worker that goes on with one does not do again."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any, cast

import pytest
from aiohttp import ClientSession
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.limits.keeper import Gates
from agents.models import ModelProvider
from runs import ends
from runs.engine import lease
from runs.engine.drain import run_drain
from runs.engine.execute import Execution
from runs.engine.journal import Journal
from runs.engine.load import load
from runs.engine.money import Budgets
from runs.engine.proof import Proof
from runs.engine.steps import Step
from runs.engine.sweep import run_sweep
from runs.models import Batch, BatchSubject, EvalRun, Mention, Trial
from runs.services import run_cancel, run_resume
from runs.states import Status
from templates_app.reasons import FailureReason
from tests.runs.engine.trials.conftest import Driven
from tests.support.drains import in_thread, wait_for
from tests.support.mock_server import MockModelServer
from tests.support.trials import batch_make, custom_subject, prompt_subject, target

pytestmark = pytest.mark.django_db(transaction=True)


def dies(run: EvalRun, **columns: Any) -> None:
    """As if the worker that drove the run had been killed."""
    silent = {"status": Status.RUNNING, "lease_token": uuid.uuid4(), "lease_expires_at": timezone.now() - timedelta(seconds=9)}
    EvalRun.objects.filter(pk=run.pk).update(**{**silent, **columns})


def reasons(trial: Trial) -> tuple[str, list[str], bool]:
    trial.refresh_from_db()
    return trial.first_reason, trial.failure_reasons, trial.finished_at is not None


@pytest.mark.parametrize(("model", "words"), [("nobody/gpt", '"nobody"'), ("demo/singer", "no demo model")])
def test_a_model_that_leads_nowhere_fails_the_run(driven: Driven, transactional_db: None, model: str, words: str) -> None:
    [trial] = driven(batch_make([prompt_subject()], [target(model)]))
    assert (trial.run.status, trial.run.error_code) == (Status.FAILED, "unknown_model")
    assert words in trial.run.error_reason
    assert trial.details["error"]["message"] == trial.run.error_reason
    assert (trial.passed, reasons(trial)) == (None, (FailureReason.MODEL_ERROR, [FailureReason.MODEL_ERROR], True))


def test_a_provider_that_refuses_fails_the_run_and_what_was_asked_is_kept(openai: MockModelServer, driven: Driven) -> None:
    openai.script.push("gpt-4o-mini", "401")
    [trial] = driven(batch_make([prompt_subject()], [target()]))
    assert (trial.run.status, trial.first_reason) == (Status.FAILED, FailureReason.MODEL_ERROR)
    assert trial.run.model_calls.get().error
    assert trial.run.messages.get().role == "user"


def test_a_spending_limit_is_a_reason_of_its_own(openai: MockModelServer, driven: Driven) -> None:
    batch = batch_make([prompt_subject("Long. " * 2000)], [target("openai/gpt-4o")])
    EvalRun.objects.update(max_cost_usd="0.0001")
    [trial] = driven(batch)
    assert (trial.run.error_code, trial.first_reason) == ("max_cost", FailureReason.SPENDING_LIMIT)
    assert not openai.requests


def test_a_batch_that_was_deleted_is_said(driven: Driven, transactional_db: None) -> None:
    batch = batch_make([prompt_subject()], [target("demo/agent")])
    BatchSubject.objects.all().delete()
    Batch.objects.filter(pk=batch.pk).delete()
    [trial] = driven(batch)
    assert (trial.run.status, trial.run.error_code, trial.first_reason) == (Status.FAILED, "source_gone", FailureReason.SOURCE_GONE)


def test_a_broken_subject_takes_no_other_along(openai: MockModelServer, driven: Driven) -> None:
    batch = batch_make([custom_subject(), custom_subject(), custom_subject()], [target()])
    BatchSubject.objects.filter(index=1).update(snapshot={})
    trials = driven(batch)
    assert [trial.run.status for trial in trials] == [Status.COMPLETED, Status.FAILED, Status.COMPLETED]
    assert trials[1].first_reason == FailureReason.INTERNAL


def test_cancelling_aborts_the_call_and_says_so(openai: MockModelServer) -> None:
    openai.script.push("gpt-4o-mini", "hang")
    trial = Trial.objects.get(batch=batch_make([prompt_subject()], [target()]))
    thread = in_thread()
    wait_for(lambda: bool(openai.requests))
    run_cancel(run_id=trial.pk, project=trial.project)
    thread.join()
    trial.run.refresh_from_db()
    assert trial.run.status == Status.CANCELLED
    assert reasons(trial) == ("cancelled", [FailureReason.CANCELLED], True)


def test_one_that_is_cancelled_before_it_starts_says_so_too(transactional_db: None) -> None:
    trial = Trial.objects.get(batch=batch_make([prompt_subject()], [target("demo/agent")]))
    run_cancel(run_id=trial.pk, project=trial.project)
    assert reasons(trial) == ("cancelled", [FailureReason.CANCELLED], True)


def test_one_that_is_interrupted_says_so_until_it_is_resumed(transactional_db: None) -> None:
    trial = Trial.objects.get(batch=batch_make([prompt_subject()], [target("demo/agent")]))
    dies(trial.run, attempt=3)
    run_sweep()
    assert reasons(trial) == ("interrupted", [FailureReason.INTERRUPTED], True)
    run_resume(run_id=trial.pk, project=trial.project)
    assert reasons(trial) == ("", [], False)
    run_drain(linger=0)
    trial.run.refresh_from_db()
    assert (trial.run.status, reasons(trial)) == (Status.COMPLETED, ("", [], True))


def test_many_that_end_at_once_cost_one_statement(django_assert_num_queries: Any) -> None:
    batch = batch_make([prompt_subject() for _ in range(5)], [target("demo/agent")])
    ids = list(Trial.objects.filter(batch=batch).values_list("pk", flat=True))
    with django_assert_num_queries(1):
        ends.trials_end(ids, Status.CANCELLED)
    assert Trial.objects.filter(first_reason="cancelled").count() == 5


def test_an_answer_that_is_committed_is_not_asked_for_again(openai: MockModelServer, driven: Driven) -> None:
    batch = batch_make([custom_subject(expected_behavior="Greets.")], [target()])
    [trial] = driven(batch)
    first = [dict(request) for request in openai.requests]
    # As if the worker had died before the judge was asked.
    trial.run.verdicts.all().delete()
    Trial.objects.update(passed=None, score=None, finished_at=None, latency_ms=None, details={})
    dies(trial.run, evaluation_result={}, score=None, simulation_state={"latency_ms": trial.latency_ms})
    [again] = driven(batch)
    assert openai.requests == [*first, first[-1]]
    assert (again.run.status, again.passed, again.score) == (Status.COMPLETED, True, 70.0)
    assert again.latency_ms == trial.latency_ms
    assert again.run.messages.count() == 2
    assert again.run.events.filter(type="run_started").latest("seq").payload["attempt"] == 2


def test_a_worker_that_lost_its_lease_ends_no_trial(openai: MockModelServer) -> None:
    openai.reply_text, openai.reply_delay_s = "Acme", 0.4
    trial = Trial.objects.get(batch=batch_make([prompt_subject()], [target()]))
    thread = in_thread()
    wait_for(lambda: bool(openai.requests))
    EvalRun.objects.filter(pk=trial.pk).update(lease_token=uuid.uuid4())
    thread.join()
    assert reasons(trial) == ("", [], False)
    assert not Mention.objects.exists()


def test_loading_costs_as_much_for_many_as_for_one(transactional_db: None) -> None:
    counts = []
    for size in (1, 6):
        batch_make([prompt_subject() for _ in range(size)], [target("demo/agent")])
        ids = [held.run_id for held in lease.claim(size)]
        with CaptureQueriesContext(connection) as queries:
            assert all(not found.problem for found in load(ids).values())  # type: ignore[union-attr]
        counts.append(len(queries))
        assert not any('"cells"' in query["sql"] or '"request"' in query["sql"] for query in queries)
    assert counts == [6, 6]


def test_what_the_children_of_a_batch_share_is_not_read_for_each(transactional_db: None) -> None:
    batch_make([prompt_subject(), prompt_subject()], [target("demo/agent")])
    ids = [held.run_id for held in lease.claim(2)]
    counts = []
    for _ in range(10):  # on a busy machine one of them comes after the half second for which providers are known
        with CaptureQueriesContext(connection) as queries:
            load(ids)
        counts.append(len(queries))
    assert min(counts) == 2, "the runs, and what each is to do"


def test_a_provider_that_was_changed_is_another_for_the_next_batch(openai: MockModelServer, driven: Driven) -> None:
    [before] = driven(batch_make([prompt_subject()], [target()]))
    ModelProvider.objects.update(is_active=False)
    [after] = driven(batch_make([prompt_subject()], [target()]))
    assert (before.run.status, after.run.status) == (Status.COMPLETED, Status.FAILED)


class Counting(Journal):
    """Counts the steps it is given."""

    steps = 0

    def hand_over(self, step: Step) -> asyncio.Future[None]:
        self.steps += 1
        return super().hand_over(step)


def test_a_prompt_that_nobody_judges_is_written_in_one_commit(transactional_db: None) -> None:
    trial = Trial.objects.get(batch=batch_make([prompt_subject()], [target("demo/agent")]))
    [held] = lease.claim(1)

    async def drive() -> int:
        with Counting() as journal:
            await Execution(held, journal, *[cast("ClientSession", None)] * 2, Gates(journal.call), Budgets(journal), Proof()).drive()
            return journal.steps

    assert asyncio.run(drive()) == 1
    trial.run.refresh_from_db()
    assert (trial.run.status, trial.run.messages.count(), trial.run.lease_token) == (Status.COMPLETED, 2, None)
